// SPDX-License-Identifier: Apache-2.0
#include "collect/backoff.hpp"

#include <algorithm>
#include <cstdint>

namespace sidespan::collect {

using std::chrono::milliseconds;

backoff::backoff(milliseconds initial, milliseconds longest, base::random_source& random)
    : step_(std::clamp(initial, milliseconds(1), std::max(longest, milliseconds(1)))),
      longest_(std::max(longest, milliseconds(1))),
      random_(random) {}

milliseconds backoff::next() {
  const auto half = static_cast<std::uint64_t>(step_.count()) / 2;
  const milliseconds wait = step_ - milliseconds(random_.next() % (half + 1));
  step_ = std::min(step_ * 2, longest_);
  return wait;
}

}  // namespace sidespan::collect

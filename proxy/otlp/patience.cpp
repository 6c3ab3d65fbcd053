// SPDX-License-Identifier: Apache-2.0
#include "otlp/patience.hpp"

#include <algorithm>

namespace sidespan::otlp {

using std::chrono::milliseconds;

milliseconds patience::next() const noexcept {
  constexpr milliseconds shortest{2000};
  constexpr milliseconds longest{4000};
  // A collector that became slow for good must be heard out now and then.
  constexpr unsigned full_every = 16;
  if (timeouts_ % full_every == 0 && (timeouts_ > 0 || !known_)) return limit_;
  const milliseconds first = timeouts_ == 1 ? shortest : longest;
  return std::min(std::max(first, 10 * usual_), limit_);
}

void patience::answered(milliseconds took) noexcept {
  usual_ = std::max(took, usual_ * 9 / 10);
  known_ = true;
  timeouts_ = 0;
}

}  // namespace sidespan::otlp

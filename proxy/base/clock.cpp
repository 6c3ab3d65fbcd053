// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"

namespace sidespan::base {

steady_time system_clock::steady() const noexcept {
  return steady_time{
      std::chrono::duration_cast<nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count()};
}

wall_time system_clock::wall() const noexcept {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return wall_time{static_cast<std::uint64_t>(std::chrono::duration_cast<nanoseconds>(since_epoch).count())};
}

}  // namespace sidespan::base

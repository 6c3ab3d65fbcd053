// SPDX-License-Identifier: Apache-2.0
//
// Wall times from steady ones, so that a span reads one clock instead of two. The wall clock itself is read once a
// second: a step of it shows that much later. One thread; a shard has one.
#pragma once

#include <chrono>

#include "base/clock.hpp"

namespace sidespan::base {

class wall_anchor {
 public:
  static constexpr nanoseconds longest = std::chrono::seconds(1);

  /// `when` as read from `clock`.
  wall_time at(steady_time when, const clock& clock) noexcept {
    if (wall_.ns == 0 || when - read_ >= longest || read_ - when >= longest) {
      read_ = clock.steady();
      wall_ = clock.wall();
    }
    return wall_time{wall_.ns + static_cast<std::uint64_t>((when - read_).count())};
  }

 private:
  steady_time read_;
  wall_time wall_;
};

}  // namespace sidespan::base

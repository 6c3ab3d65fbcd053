// SPDX-License-Identifier: Apache-2.0
//
// A clock that moves only when told to; for unit tests, one thread.
#pragma once

#include "base/clock.hpp"

namespace sidespan::support {

struct fake_clock final : base::clock {
  base::steady_time steady_now{1'000'000'000};
  base::wall_time wall_now{1'700'000'000'000'000'000};
  mutable int steady_reads = 0;
  mutable int wall_reads = 0;

  void advance(base::nanoseconds by) {
    steady_now = steady_now + by;
    wall_now.ns += static_cast<std::uint64_t>(by.count());
  }
  base::steady_time steady() const noexcept override { return ++steady_reads, steady_now; }
  base::wall_time wall() const noexcept override { return ++wall_reads, wall_now; }
};

}  // namespace sidespan::support

// SPDX-License-Identifier: Apache-2.0
//
// Time as spans need it: a wall time for the collector and a steady time for durations, read together. An interface
// because tests inject a fake; the system one is stateless and may be used from any thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace sidespan::base {

using nanoseconds = std::chrono::nanoseconds;

/// Steady time; only differences mean something.
struct steady_time {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(steady_time, steady_time) = default;
  friend constexpr nanoseconds operator-(steady_time a, steady_time b) { return nanoseconds(a.ns - b.ns); }
  friend constexpr steady_time operator+(steady_time a, nanoseconds d) { return steady_time{a.ns + d.count()}; }
};

/// Nanoseconds since 1970-01-01 UTC.
struct wall_time {
  std::uint64_t ns = 0;
  friend constexpr auto operator<=>(wall_time, wall_time) = default;
};

class clock {
 public:
  virtual ~clock() = default;
  virtual steady_time steady() const noexcept = 0;
  virtual wall_time wall() const noexcept = 0;
};

class system_clock final : public clock {
 public:
  steady_time steady() const noexcept override;
  wall_time wall() const noexcept override;
};

}  // namespace sidespan::base

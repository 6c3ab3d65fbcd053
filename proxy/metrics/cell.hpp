// SPDX-License-Identifier: Apache-2.0
//
// Cells: the values of one series. Written by the one shard that owns the registry, read by any thread when metrics are
// shown. With a single writer a load and a store do what a locked increment would, at a tenth of the price.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

namespace sidespan::metrics {

class counter {
 public:
  using value_type = std::uint64_t;
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  value_type value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class gauge {
 public:
  using value_type = std::int64_t;
  void add(std::int64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  value_type value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// Durations in the buckets that the OpenTelemetry HTTP conventions advise, plus one for everything longer.
class histogram {
 public:
  /// Upper bounds, inclusive, in seconds.
  static constexpr std::array<double, 14> bounds = {.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10};

  struct value_type {
    std::array<std::uint64_t, bounds.size() + 1> buckets{};  // not cumulative
    std::uint64_t sum_ns = 0;
    value_type& operator+=(const value_type& other) noexcept;
    std::uint64_t count() const noexcept;
    friend bool operator==(const value_type&, const value_type&) = default;
  };

  /// Negative durations count as 0.
  void record(base::nanoseconds duration) noexcept;
  /// Buckets and sum are read one after the other: under load the sum may be a request ahead or behind.
  value_type value() const noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> sum_ns_{0};
};

}  // namespace sidespan::metrics

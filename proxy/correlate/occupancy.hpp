// SPDX-License-Identifier: Apache-2.0
//
// How long none, exactly one or several inbound exchanges were in flight: the observation time behind the background
// estimate. Part of the ledger, so any shard; a spinlock held for a few nanoseconds (one atomic operation when free)
// keeps count and times consistent.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include "base/clock.hpp"
#include "correlate/ledger.hpp"

namespace sidespan::correlate {

class occupancy_record {
 public:
  explicit occupancy_record(const base::clock& clock) : clock_(clock), changed_(clock.steady()), last_(changed_) {}

  void enter(base::steady_time now) noexcept;
  /// Reads the clock itself, and only when the state changes: whoever leaves late does not say when.
  void leave() noexcept;
  std::size_t count() const noexcept { return count_.load(std::memory_order_acquire); }
  ledger::occupancy times(base::steady_time now) const noexcept;

 private:
  class guard;
  void account(base::steady_time now) noexcept;

  const base::clock& clock_;
  mutable std::atomic_flag busy_;
  std::atomic<std::size_t> count_{0};
  std::array<base::nanoseconds, 3> spent_{};  // none, one, several
  base::steady_time changed_;
  base::steady_time last_;
};

}  // namespace sidespan::correlate

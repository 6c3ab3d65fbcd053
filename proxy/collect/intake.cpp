// SPDX-License-Identifier: Apache-2.0
#include "collect/intake.hpp"

#include <utility>

namespace sidespan::collect {
namespace {

/// Only the shard writes these counters: no locked instruction needed.
void count(std::atomic<std::uint64_t>& counter) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

void intake::offer(trace::record&& finished) noexcept {
  if (closed_.load(std::memory_order_relaxed)) return count(dropped_late_);
  if (!spans_.push(std::move(finished))) return count(dropped_full_);
  if (spans_.pushed() < wake_at_.load(std::memory_order_seq_cst)) return;
  // One of several offers past the mark rings; the export thread sets a new mark before it sleeps again.
  if (wake_at_.exchange(never, std::memory_order_seq_cst) != never) bell_.ring();
}

}  // namespace sidespan::collect

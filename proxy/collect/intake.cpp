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

intake::intake(std::size_t max_spans, std::size_t max_bytes, doorbell& bell)
    : spans_(max_spans, max_bytes), bell_(bell) {
  spare_.reserve(most_spare);
}

trace::span_fields intake::draft() noexcept {
  if (spare_.empty()) return {};
  trace::span_fields out = std::move(spare_.back());
  spare_.pop_back();
  return out;
}

void intake::offer(trace::record&& finished) noexcept {
  take(finished);
  keep(std::move(finished.fields));
}

void intake::take(const trace::record& finished) noexcept {
  if (closed_.load(std::memory_order_relaxed)) return count(dropped_late_);
  if (!spans_.push(finished)) return count(dropped_full_);
  const std::uint64_t mark = wake_at_.load(std::memory_order_seq_cst);
  if (mark == never) return;
  if (spans_.pushed() < mark && spans_.pushed_bytes() < wake_at_bytes_.load(std::memory_order_relaxed)) return;
  // One of several offers past the mark rings; the export thread sets a new mark before it sleeps again.
  if (wake_at_.exchange(never, std::memory_order_seq_cst) != never) bell_.ring();
}

void intake::keep(trace::span_fields&& memory) noexcept {
  if (spare_.size() == most_spare || memory.capacity() != trace::span_fields::usual_capacity) return;
  memory.clear();
  spare_.push_back(std::move(memory));
}

void intake::wake_after(std::uint64_t spans, std::uint64_t bytes) noexcept {
  wake_at_bytes_.store(spans_.pushed_bytes() + bytes, std::memory_order_relaxed);
  wake_at_.store(spans_.pushed() + spans, std::memory_order_seq_cst);
}

}  // namespace sidespan::collect

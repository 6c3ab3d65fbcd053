// SPDX-License-Identifier: Apache-2.0
//
// Where one shard leaves its finished spans. offer() runs on the shard's thread and never blocks: a push into the ring,
// and a system call only when the export thread asked to be woken at that span. The rest is for the export thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "collect/doorbell.hpp"
#include "collect/queue.hpp"
#include "trace/sink.hpp"

namespace sidespan::collect {

class intake final : public trace::sink {
 public:
  /// `bell` outlives the intake.
  intake(std::size_t capacity, doorbell& bell) : spans_(capacity), bell_(bell) {}

  void offer(trace::record&& finished) noexcept override;

  /// Ring the bell once when `more` spans have come after those pushed by now. The caller looks at the queue once more
  /// before it sleeps: of this store and a push, both sequentially consistent, at least one side sees the other.
  void wake_after(std::uint64_t more) noexcept { wake_at_.store(spans_.pushed() + more, std::memory_order_seq_cst); }
  void let_sleep() noexcept { wake_at_.store(never, std::memory_order_relaxed); }
  /// From now on offers are counted as dropped at shutdown.
  void close() noexcept { closed_.store(true, std::memory_order_relaxed); }

  queue& spans() noexcept { return spans_; }
  const queue& spans() const noexcept { return spans_; }
  std::uint64_t dropped_full() const noexcept { return dropped_full_.load(std::memory_order_relaxed); }
  std::uint64_t dropped_late() const noexcept { return dropped_late_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  queue spans_;
  doorbell& bell_;
  std::atomic<std::uint64_t> wake_at_{never};
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> dropped_full_{0};
  std::atomic<std::uint64_t> dropped_late_{0};
};

}  // namespace sidespan::collect

// SPDX-License-Identifier: Apache-2.0
//
// Where one shard leaves its finished spans. offer() runs on the shard's thread and never blocks: the span is encoded
// into the queue, and a system call made only when the export thread asked to be woken at that span. draft() gives the
// memory of offered spans out again. The rest is for the export thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <vector>

#include "collect/doorbell.hpp"
#include "collect/queue.hpp"
#include "trace/sink.hpp"

namespace sidespan::collect {

class intake final : public trace::sink {
 public:
  /// `bell` outlives the intake.
  intake(std::size_t max_spans, std::size_t max_bytes, doorbell& bell);

  trace::span_fields draft() noexcept override;
  void offer(trace::record&& finished) noexcept override;

  /// Ring the bell once when `spans` have come after those pushed by now, or `bytes`. The caller looks at the queue
  /// once more before it sleeps: of this store and a push, both sequentially consistent, at least one side sees the
  /// other.
  void wake_after(std::uint64_t spans, std::uint64_t bytes) noexcept;
  void let_sleep() noexcept { wake_at_.store(never, std::memory_order_relaxed); }
  /// From now on offers are counted as dropped at shutdown.
  void close() noexcept { closed_.store(true, std::memory_order_relaxed); }

  queue& spans() noexcept { return spans_; }
  const queue& spans() const noexcept { return spans_; }
  std::uint64_t dropped_full() const noexcept { return dropped_full_.load(std::memory_order_relaxed); }
  std::uint64_t dropped_late() const noexcept { return dropped_late_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
  /// As many spans as are usually under way at once; memory of more, and of unusually large ones, is freed.
  static constexpr std::size_t most_spare = 256;

  void take(const trace::record& finished) noexcept;
  void keep(trace::span_fields&& memory) noexcept;

  queue spans_;
  doorbell& bell_;
  std::vector<trace::span_fields> spare_;  // the last one is the warmest
  std::atomic<std::uint64_t> wake_at_{never};
  std::atomic<std::uint64_t> wake_at_bytes_{never};
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> dropped_full_{0};
  std::atomic<std::uint64_t> dropped_late_{0};
};

}  // namespace sidespan::collect

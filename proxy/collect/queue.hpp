// SPDX-License-Identifier: Apache-2.0
//
// Finished spans on their way from one shard to the export thread: a bounded ring with one producer (the shard, push)
// and one consumer (the export thread, take). Neither ever waits for the other. Slots are raw memory until they are
// used, so that a queue that never fills costs no resident memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "trace/record.hpp"

namespace sidespan::collect {

class queue {
 public:
  /// Holds at most `capacity` records, at least one.
  explicit queue(std::size_t capacity);
  ~queue();
  queue(const queue&) = delete;
  queue& operator=(const queue&) = delete;

  /// Producer only. False, and `finished` untouched, when full.
  bool push(trace::record&& finished) noexcept;
  /// Consumer only: moves the oldest, at most `most`, to the end of `out`.
  void take(std::vector<trace::record>& out, std::size_t most);

  /// Ever pushed, ever taken; any thread. `pushed` is sequentially consistent with push(): see intake.
  std::uint64_t pushed() const noexcept { return pushed_.load(std::memory_order_seq_cst); }
  std::uint64_t taken() const noexcept { return taken_.load(std::memory_order_acquire); }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  trace::record& slot(std::uint64_t position) const noexcept { return slots_[position & mask_]; }

  static constexpr std::size_t cache_line = 64;
  const std::size_t capacity_;
  const std::size_t mask_;
  trace::record* const slots_;
  // Each side writes its own line; the producer looks at the consumer's only when the ring seems full.
  alignas(cache_line) std::atomic<std::uint64_t> pushed_{0};
  std::uint64_t taken_seen_ = 0;
  alignas(cache_line) std::atomic<std::uint64_t> taken_{0};
};

}  // namespace sidespan::collect

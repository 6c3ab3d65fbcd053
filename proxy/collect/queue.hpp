// SPDX-License-Identifier: Apache-2.0
//
// Finished spans on their way from one shard to the export thread, bounded in number and in bytes: one producer (the
// shard, push), one consumer (the export thread, take). Neither ever waits for the other. A span is encoded into the
// queue's memory once and leaves the process from there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "collect/chunk.hpp"
#include "trace/record.hpp"

namespace sidespan::collect {

/// What one request carries.
struct parcel {
  std::vector<piece> pieces;
  std::uint64_t spans = 0;
  std::size_t bytes = 0;
};

class queue {
 public:
  /// Holds at most `max_spans` and `max_bytes`, one span at least. Throws std::bad_alloc.
  queue(std::size_t max_spans, std::size_t max_bytes);
  ~queue();
  queue(const queue&) = delete;
  queue& operator=(const queue&) = delete;

  /// Producer only. False when full.
  bool push(const trace::record& finished) noexcept;
  /// Consumer only: moves the oldest into `out` until it holds `most_spans`, or the next would not fit into
  /// `most_bytes`, or there is no memory for one piece more.
  void take(parcel& out, std::uint64_t most_spans, std::size_t most_bytes) noexcept;

  /// Ever pushed, ever taken; any thread. `pushed` is sequentially consistent with push(): see intake.
  std::uint64_t pushed() const noexcept { return pushed_.load(std::memory_order_seq_cst); }
  std::uint64_t taken() const noexcept { return taken_.load(std::memory_order_acquire); }
  std::uint64_t pushed_bytes() const noexcept { return pushed_bytes_.load(std::memory_order_acquire); }
  std::uint64_t taken_bytes() const noexcept { return taken_bytes_.load(std::memory_order_acquire); }

 private:
  struct extent {
    std::uint32_t spans = 0;
    std::uint32_t bytes = 0;
  };
  static extent published(const chunk& in) noexcept;

  bool full(std::uint64_t position, std::uint64_t bytes, std::size_t size) noexcept;
  bool go_on(std::size_t size) noexcept;
  extent cut(extent from, extent to, std::uint64_t spans, std::size_t bytes) const noexcept;

  static constexpr std::size_t cache_line = 64;
  const std::uint64_t max_spans_;
  const std::uint64_t max_bytes_;
  const std::shared_ptr<chunk_pool> pool_;
  // Each side writes its own line; the producer looks at the consumer's only when the queue seems full.
  alignas(cache_line) std::atomic<std::uint64_t> pushed_{0};
  std::atomic<std::uint64_t> pushed_bytes_{0};
  std::uint64_t taken_seen_ = 0;
  std::uint64_t taken_bytes_seen_ = 0;
  chunk* writing_;
  extent written_;
  alignas(cache_line) std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> taken_bytes_{0};
  chunk* reading_;
  extent read_;
};

}  // namespace sidespan::collect

// SPDX-License-Identifier: Apache-2.0
//
// Memory for encoded spans, and who still needs it. A shard fills a chunk span by span; the export thread hands out
// pieces of it to the transport, which sends from this very memory and lets go of it on whatever thread it likes. The
// last one to let go brings the chunk back to its pool, from where the shard takes it again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace sidespan::collect {

class chunk_pool;

struct chunk {
  /// What the producer has published: spans in the upper half, bytes in the lower.
  std::atomic<std::uint64_t> filled{0};
  /// Where the producer went on.
  std::atomic<chunk*> next{nullptr};
  std::atomic<std::uint32_t> users{1};
  std::uint32_t capacity = 0;
  std::shared_ptr<chunk_pool> home;  // while in use
  chunk* below = nullptr;            // in the pool's stack

  std::uint8_t* bytes() noexcept { return reinterpret_cast<std::uint8_t*>(this + 1); }
  void hold() noexcept { users.fetch_add(1, std::memory_order_relaxed); }
  /// Any thread.
  void let_go() noexcept;
};

/// Chunks that wait for their next use. take() is for one thread, the shard's; chunks come back from any.
class chunk_pool : public std::enable_shared_from_this<chunk_pool> {
 public:
  /// With its bookkeeping a round number of pages.
  static constexpr std::size_t usual_capacity = 64 * 1024 - sizeof(chunk);
  /// More are given back to the system.
  static constexpr std::size_t most_kept = 64;

  chunk_pool() = default;
  ~chunk_pool();
  chunk_pool(const chunk_pool&) = delete;
  chunk_pool& operator=(const chunk_pool&) = delete;

  /// Empty, with room for `size` bytes, used by the caller. Null when the system has no memory.
  chunk* take(std::size_t size) noexcept;
  void give_back(chunk* unused) noexcept;

 private:
  chunk* pop() noexcept;

  chunk* mine_ = nullptr;  // the taking thread's part of the stack
  std::atomic<chunk*> returned_{nullptr};
  std::atomic<std::size_t> kept_{0};
};

/// Some whole spans inside a chunk, which stays as long as the piece.
class piece {
 public:
  piece(chunk* of, std::size_t offset, std::size_t size) noexcept : of_(of), offset_(offset), size_(size) {
    of_->hold();
  }
  piece(piece&& from) noexcept : of_(std::exchange(from.of_, nullptr)), offset_(from.offset_), size_(from.size_) {}
  piece& operator=(piece&& from) noexcept {
    std::swap(of_, from.of_);
    offset_ = from.offset_;
    size_ = from.size_;
    return *this;
  }
  ~piece() {
    if (of_ != nullptr) of_->let_go();
  }

  /// Elements of ScopeSpans.spans, each with its tag and length.
  std::string_view bytes() const noexcept { return {reinterpret_cast<const char*>(of_->bytes()) + offset_, size_}; }
  /// For a transport that keeps the bytes longer than this piece lives: hold() it, let_go() when done.
  chunk& owner() const noexcept { return *of_; }

 private:
  chunk* of_;
  std::size_t offset_;
  std::size_t size_;
};

}  // namespace sidespan::collect

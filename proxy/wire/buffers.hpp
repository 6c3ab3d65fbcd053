// SPDX-License-Identifier: Apache-2.0
//
// Blocks for bodies in transfer, kept by a shard and lent to exchanges, so that memory grows with bodies under way and
// not with connections; and the account of all that the shard's connections hold in buffers, by which new work is
// turned away in time. One thread; only in_use() and freed() may be asked by others.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace sidespan::wire {

class buffer_pool {
 public:
  static constexpr std::size_t block_size = 32 * 1024;
  /// What is lent once half of the limit is in use: transfers go on, slower.
  static constexpr std::size_t small_block_size = 4 * 1024;
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  /// A block that goes back to its pool when destroyed. Empty when moved from.
  class block {
   public:
    block() = default;
    block(block&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), bytes_(std::move(other.bytes_)), size_(other.size_) {}
    block& operator=(block&& other) noexcept {
      if (this != &other) {
        release();
        owner_ = std::exchange(other.owner_, nullptr);
        bytes_ = std::move(other.bytes_);
        size_ = other.size_;
      }
      return *this;
    }
    ~block() { release(); }

    explicit operator bool() const noexcept { return bytes_ != nullptr; }
    std::span<char> span() const noexcept { return {bytes_.get(), size_}; }
    void release() noexcept {
      if (!bytes_) return;
      owner_->give_back(size_);
      if (size_ == block_size && owner_->free_.size() < keep) {
        owner_->free_.push_back(std::move(bytes_));
      } else {
        owner_->count_freed(size_);
      }
      bytes_.reset();
    }

   private:
    friend class buffer_pool;
    block(buffer_pool& owner, std::unique_ptr<char[]> bytes, std::size_t size)
        : owner_(&owner), bytes_(std::move(bytes)), size_(size) {
      owner.account(size);
    }
    buffer_pool* owner_ = nullptr;
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
  };

  /// `limit`: most bytes in use, from which on the shard takes no new work.
  explicit buffer_pool(std::size_t limit = unlimited) : limit_(limit) { free_.reserve(keep); }
  buffer_pool(const buffer_pool&) = delete;
  buffer_pool& operator=(const buffer_pool&) = delete;

  /// From now on; what is lent stays lent.
  void limit(std::size_t bytes) noexcept { limit_ = bytes; }

  block take() {
    if (in_use() >= limit_ / 2) return {*this, make(small_block_size), small_block_size};
    if (free_.empty()) return {*this, make(block_size), block_size};
    block out(*this, std::move(free_.back()), block_size);
    free_.pop_back();
    return out;
  }

  /// Bytes that a connection holds beside blocks.
  void account(std::size_t bytes) noexcept { in_use_.store(in_use() + bytes, std::memory_order_relaxed); }
  void give_back(std::size_t bytes) noexcept { in_use_.store(in_use() - bytes, std::memory_order_relaxed); }
  /// Any thread.
  std::size_t in_use() const noexcept { return in_use_.load(std::memory_order_relaxed); }
  bool full() const noexcept { return in_use() >= limit_; }
  /// Bytes of blocks that were not kept but freed, ever: what malloc may have kept of them. Any thread.
  std::uint64_t freed() const noexcept { return freed_.load(std::memory_order_relaxed); }

 private:
  void count_freed(std::size_t size) noexcept { freed_.store(freed() + size, std::memory_order_relaxed); }
  static std::unique_ptr<char[]> make(std::size_t size) { return std::make_unique_for_overwrite<char[]>(size); }

  static constexpr std::size_t keep = 64;  // 2 MiB
  std::size_t limit_;
  std::atomic<std::size_t> in_use_{0};   // one writer
  std::atomic<std::uint64_t> freed_{0};  // the same
  std::vector<std::unique_ptr<char[]>> free_;
};

}  // namespace sidespan::wire

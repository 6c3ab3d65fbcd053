// SPDX-License-Identifier: Apache-2.0
//
// Memory that bytes are received in: blocks kept by a shard and lent to reads when bytes are there, so that memory
// grows with messages under way and not with connections, and the block that one message leaves warm is the next one's;
// and the account of all that is lent, by which new work is turned away in time. Used by net/read and by wire and
// forward for bodies. One thread; only in_use() and freed() may be asked by others.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <span>
#include <utility>

namespace sidespan::net {

class block_pool {
 public:
  /// For bodies, and for what may be head and body in one.
  static constexpr std::size_t block_size = 32 * 1024;
  /// What is lent in its place once half of the limit is in use: transfers go on, slower.
  static constexpr std::size_t scarce_block_size = 4 * 1024;
  /// For most heads.
  static constexpr std::size_t head_block_size = 2 * 1024;
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  /// A block that goes back to its pool when destroyed. Empty when moved from.
  class block {
   public:
    block() = default;
    block(block&& other) noexcept
        : owner_(other.owner_), bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    block& operator=(block&& other) noexcept {
      if (this == &other) return *this;
      release();
      owner_ = other.owner_;
      bytes_ = std::exchange(other.bytes_, nullptr);
      size_ = std::exchange(other.size_, 0);
      return *this;
    }
    ~block() { release(); }

    explicit operator bool() const noexcept { return bytes_ != nullptr; }
    char* data() const noexcept { return bytes_; }
    std::size_t size() const noexcept { return size_; }
    std::span<char> span() const noexcept { return {bytes_, size_}; }
    void release() noexcept {
      if (bytes_ == nullptr) return;
      owner_->put(bytes_, size_);
      bytes_ = nullptr;
      size_ = 0;
    }

   private:
    friend class block_pool;
    void hold(block_pool* owner, char* bytes, std::size_t size) noexcept {
      owner_ = owner;
      bytes_ = bytes;
      size_ = size;
      owner->account(size);
    }
    block_pool* owner_ = nullptr;
    char* bytes_ = nullptr;
    std::size_t size_ = 0;
  };

  /// `limit`: most bytes in use, from which on the shard takes no new work.
  explicit block_pool(std::size_t limit = unlimited) : limit_(limit) {}
  ~block_pool() {
    large_.clear();
    heads_.clear();
  }
  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;

  /// From now on; what is lent stays lent.
  void limit(std::size_t bytes) noexcept { limit_ = bytes; }

  /// For content, to `into`, which is empty: `block_size`, or `scarce_block_size` when memory is scarce.
  void lend(block& into) {
    if (in_use() >= limit_ / 2) return into.hold(this, allocate(scarce_block_size), scarce_block_size);
    into.hold(this, large_.take(block_size), block_size);
  }
  void lend_for_head(block& into) { into.hold(this, heads_.take(head_block_size), head_block_size); }
  block take() {
    block out;
    lend(out);
    return out;
  }
  block take_for_head() {
    block out;
    lend_for_head(out);
    return out;
  }
  /// Of any size; not kept afterwards.
  block take_exactly(std::size_t size) {
    block out;
    out.hold(this, allocate(size), size);
    return out;
  }

  /// Bytes that are held beside blocks.
  void account(std::size_t bytes) noexcept { in_use_.store(in_use() + bytes, std::memory_order_relaxed); }
  void give_back(std::size_t bytes) noexcept { in_use_.store(in_use() - bytes, std::memory_order_relaxed); }
  /// Any thread.
  std::size_t in_use() const noexcept { return in_use_.load(std::memory_order_relaxed); }
  bool full() const noexcept { return in_use() >= limit_; }
  /// Bytes of blocks that were not kept but freed, ever: what malloc may have kept of them. Any thread.
  std::uint64_t freed() const noexcept { return freed_.load(std::memory_order_relaxed); }

 private:
  static char* allocate(std::size_t size) { return static_cast<char*>(::operator new(size)); }

  /// Free blocks of one size, the one used last first: what it held is still in the processor's caches.
  class kept {
   public:
    explicit kept(std::size_t most) noexcept : left_(most) {}
    char* take(std::size_t size) {
      if (first_ == nullptr) return allocate(size);
      ++left_;
      return reinterpret_cast<char*>(std::exchange(first_, first_->next));
    }
    /// False: there are enough of them.
    bool put(char* back) noexcept {
      if (left_ == 0) return false;
      --left_;
      first_ = ::new (back) free_block{first_};
      return true;
    }
    void clear() noexcept {
      while (first_ != nullptr) ::operator delete(std::exchange(first_, first_->next));
    }

   private:
    struct free_block {
      free_block* next;
    };
    free_block* first_ = nullptr;
    std::size_t left_;
  };

  void put(char* back, std::size_t size) noexcept {
    give_back(size);
    if (size == block_size && large_.put(back)) return;
    if (size == head_block_size && heads_.put(back)) return;
    ::operator delete(back);
    freed_.store(freed() + size, std::memory_order_relaxed);
  }

  std::size_t limit_;
  std::atomic<std::size_t> in_use_{0};   // one writer
  std::atomic<std::uint64_t> freed_{0};  // the same
  kept large_{64};                       // 2 MiB
  kept heads_{1024};                     // 2 MiB
};

}  // namespace sidespan::net

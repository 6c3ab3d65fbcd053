// SPDX-License-Identifier: Apache-2.0
//
// Blocks for bodies in transfer, kept by a shard and lent to exchanges, so that memory grows with bodies under way and
// not with connections. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace sidespan::wire {

class buffer_pool {
 public:
  static constexpr std::size_t block_size = 32 * 1024;

  /// A block that goes back to its pool when destroyed. Empty when moved from.
  class block {
   public:
    block() = default;
    block(block&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), bytes_(std::move(other.bytes_)) {}
    block& operator=(block&& other) noexcept {
      if (this != &other) {
        release();
        owner_ = std::exchange(other.owner_, nullptr);
        bytes_ = std::move(other.bytes_);
      }
      return *this;
    }
    ~block() { release(); }

    explicit operator bool() const noexcept { return bytes_ != nullptr; }
    std::span<char> span() const noexcept { return {bytes_.get(), block_size}; }
    void release() noexcept {
      if (bytes_ && owner_->free_.size() < keep) owner_->free_.push_back(std::move(bytes_));
      bytes_.reset();
    }

   private:
    friend class buffer_pool;
    block(buffer_pool& owner, std::unique_ptr<char[]> bytes) : owner_(&owner), bytes_(std::move(bytes)) {}
    buffer_pool* owner_ = nullptr;
    std::unique_ptr<char[]> bytes_;
  };

  buffer_pool() { free_.reserve(keep); }
  buffer_pool(const buffer_pool&) = delete;
  buffer_pool& operator=(const buffer_pool&) = delete;

  block take() {
    if (free_.empty()) return {*this, std::make_unique_for_overwrite<char[]>(block_size)};
    block out(*this, std::move(free_.back()));
    free_.pop_back();
    return out;
  }

 private:
  static constexpr std::size_t keep = 64;  // 2 MiB
  std::vector<std::unique_ptr<char[]>> free_;
};

}  // namespace sidespan::wire

// SPDX-License-Identifier: Apache-2.0
//
// Text storage with the lifetime of one exchange: what we add to a head (a traceparent, a Via, a rewritten Host) lives
// here, so that http::fields can hold views only. Kept by the connection and reused, so warm exchanges do not allocate.
// One thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace sidespan::base {

class arena {
 public:
  arena() = default;
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;

  /// A copy that lives until reset().
  std::string_view copy(std::string_view text) {
    char* place = allocate(text.size());
    if (!text.empty()) std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
  }

  /// `size` uninitialised bytes that live until reset().
  char* allocate(std::size_t size) {
    if (blocks_.empty() || size > blocks_.back().size - used_) grow(size);
    char* place = blocks_.back().bytes.get() + used_;
    used_ += size;
    return place;
  }

  /// Forgets everything; keeps one block of the usual size for the next exchange.
  void reset() noexcept {
    if (!blocks_.empty()) blocks_.resize(blocks_.front().size == block_size ? 1 : 0);
    used_ = 0;
  }

 private:
  static constexpr std::size_t block_size = 1024;

  struct block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  void grow(std::size_t size) {
    const std::size_t bytes = size > block_size ? size : block_size;
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
    used_ = 0;
  }

  std::vector<block> blocks_;
  std::size_t used_ = 0;  // of the last block
};

}  // namespace sidespan::base

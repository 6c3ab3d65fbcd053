// SPDX-License-Identifier: Apache-2.0
//
// Text storage with the lifetime of one exchange: what we add to a head (a traceparent, a Via, a rewritten Host) lives
// here, so that http::fields can hold views only. Kept by the connection and reused, so warm exchanges do not allocate.
// One thread.
#pragma once

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
    if (size > block_size - used_ || blocks_.empty()) grow(size);
    char* place = blocks_.back().get() + used_;
    used_ += size;
    return place;
  }

  /// Forgets everything; keeps one block for the next exchange.
  void reset() noexcept {
    if (blocks_.size() > 1 || oversized_) {
      blocks_.clear();
      oversized_ = false;
    }
    used_ = 0;
  }

 private:
  static constexpr std::size_t block_size = 1024;

  void grow(std::size_t size) {
    const std::size_t bytes = size > block_size ? size : block_size;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    oversized_ = oversized_ || bytes > block_size;
    used_ = 0;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t used_ = 0;
  bool oversized_ = false;
};

}  // namespace sidespan::base

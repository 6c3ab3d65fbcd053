// SPDX-License-Identifier: Apache-2.0
//
// Text storage with the lifetime of one exchange: what we add to a head (a traceparent, a Via, a rewritten Host) lives
// here, so that http::fields can hold views only. Kept by the connection and reused, so warm exchanges do not allocate.
// One thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
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
    if (size > left_) grow(size);
    char* const place = next_;
    next_ += size;
    left_ -= size;
    return place;
  }

  /// What is allocated from now on comes from `room` as long as that is enough; it stays until reset().
  void lend(std::span<char> room) noexcept {
    next_ = room.data();
    left_ = room.size();
  }

  /// Forgets everything; keeps one block of the usual size for the next exchange that needs it.
  void reset() noexcept {
    more_.clear();
    usual_taken_ = false;
    next_ = nullptr;
    left_ = 0;
  }

 private:
  static constexpr std::size_t block_size = 1024;

  void grow(std::size_t size) {
    const bool usual = size <= block_size && !usual_taken_;
    const std::size_t bytes = size > block_size ? size : block_size;
    if (!usual) {
      more_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    } else if (!usual_) {
      usual_ = std::make_unique_for_overwrite<char[]>(bytes);
    }
    usual_taken_ = usual_taken_ || usual;
    next_ = usual ? usual_.get() : more_.back().get();
    left_ = bytes;
  }

  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::unique_ptr<char[]> usual_;
  std::vector<std::unique_ptr<char[]>> more_;
  bool usual_taken_ = false;
};

}  // namespace sidespan::base

// SPDX-License-Identifier: Apache-2.0
//
// A bounded ring of whole text lines between one shard, which puts them in without ever waiting, and the thread that
// writes them out. Single producer, single consumer; used by app/access_log.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sidespan::app {

class line_ring {
 public:
  /// `capacity`: bytes, a power of two.
  explicit line_ring(std::size_t capacity) : mask_(capacity - 1), bytes_(std::make_unique<char[]>(capacity)) {}

  /// The producer's. False: there is no room for the whole line, which is then counted as dropped.
  bool push(std::string_view line) noexcept;

  /// The consumer's: moves up to `most` bytes to the end of `out`, and says how many.
  std::size_t take(std::string& out, std::size_t most);

  /// Any thread.
  bool empty() const noexcept {
    return pushed_.load(std::memory_order_seq_cst) == taken_.load(std::memory_order_relaxed);
  }
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  const std::size_t mask_;
  const std::unique_ptr<char[]> bytes_;
  // Bytes since the beginning of time; apart, so that the two threads do not share a cache line.
  alignas(64) std::atomic<std::uint64_t> pushed_{0};
  std::atomic<std::uint64_t> dropped_{0};
  alignas(64) std::atomic<std::uint64_t> taken_{0};
};

}  // namespace sidespan::app

// SPDX-License-Identifier: Apache-2.0
#include "app/line_ring.hpp"

#include <algorithm>
#include <cstring>

namespace sidespan::app {

bool line_ring::push(std::string_view line) noexcept {
  const std::uint64_t pushed = pushed_.load(std::memory_order_relaxed);
  const std::size_t capacity = mask_ + 1;
  const std::size_t room = capacity - static_cast<std::size_t>(pushed - taken_.load(std::memory_order_acquire));
  if (line.size() > room) {
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return false;
  }
  const std::size_t at = pushed & mask_;
  const std::size_t first = std::min(line.size(), capacity - at);
  std::memcpy(bytes_.get() + at, line.data(), first);
  std::memcpy(bytes_.get(), line.data() + first, line.size() - first);
  // Sequentially consistent, as the consumer's last look before it sleeps.
  pushed_.store(pushed + line.size(), std::memory_order_seq_cst);
  return true;
}

std::size_t line_ring::take(std::string& out, std::size_t most) {
  const std::uint64_t taken = taken_.load(std::memory_order_relaxed);
  const auto there = static_cast<std::size_t>(pushed_.load(std::memory_order_acquire) - taken);
  const std::size_t count = std::min(there, most);
  const std::size_t at = taken & mask_;
  const std::size_t first = std::min(count, mask_ + 1 - at);
  out.append(bytes_.get() + at, first);
  out.append(bytes_.get(), count - first);
  taken_.store(taken + count, std::memory_order_release);
  return count;
}

}  // namespace sidespan::app

// SPDX-License-Identifier: Apache-2.0
#include "collect/queue.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

namespace sidespan::collect {

queue::queue(std::size_t capacity)
    : capacity_(std::max<std::size_t>(capacity, 1)),
      mask_(std::bit_ceil(capacity_) - 1),
      slots_(std::allocator<trace::record>().allocate(mask_ + 1)) {}

queue::~queue() {
  for (std::uint64_t i = taken(); i != pushed(); ++i) std::destroy_at(&slot(i));
  std::allocator<trace::record>().deallocate(slots_, mask_ + 1);
}

bool queue::push(trace::record&& finished) noexcept {
  const std::uint64_t position = pushed_.load(std::memory_order_relaxed);
  if (position - taken_seen_ >= capacity_) {
    taken_seen_ = taken_.load(std::memory_order_acquire);
    if (position - taken_seen_ >= capacity_) return false;
  }
  std::construct_at(&slot(position), std::move(finished));
  pushed_.store(position + 1, std::memory_order_seq_cst);
  return true;
}

void queue::take(std::vector<trace::record>& out, std::size_t most) {
  std::uint64_t position = taken_.load(std::memory_order_relaxed);
  const std::uint64_t end = position + std::min<std::uint64_t>(most, pushed() - position);
  for (; position != end; ++position) {
    out.push_back(std::move(slot(position)));
    std::destroy_at(&slot(position));
  }
  taken_.store(end, std::memory_order_release);
}

}  // namespace sidespan::collect

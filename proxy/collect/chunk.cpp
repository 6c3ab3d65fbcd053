// SPDX-License-Identifier: Apache-2.0
#include "collect/chunk.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace sidespan::collect {
namespace {

constexpr std::size_t page = 4096;

constexpr std::size_t whole_pages(std::size_t size) noexcept { return (size + page - 1) / page * page; }

/// Pages of their own: untouched they cost nothing, and what an outage filled goes back to the system after it.
chunk* create(std::size_t capacity) noexcept {
  const std::size_t size = whole_pages(sizeof(chunk) + capacity);
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* made = new (memory) chunk;
  made->capacity = static_cast<std::uint32_t>(size - sizeof(chunk));
  return made;
}

void destroy(chunk* unused) noexcept {
  const std::size_t size = sizeof(chunk) + unused->capacity;
  unused->~chunk();
  ::munmap(unused, size);
}

}  // namespace

void chunk::let_go() noexcept {
  if (users.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const std::shared_ptr<chunk_pool> to = std::move(home);
  to->give_back(this);
}

chunk_pool::~chunk_pool() {
  while (chunk* unused = pop()) destroy(unused);
}

chunk* chunk_pool::take(std::size_t size) noexcept {
  chunk* out = size <= usual_capacity ? pop() : nullptr;
  if (out == nullptr) out = create(std::max(size, usual_capacity));
  if (out == nullptr) return nullptr;
  out->filled.store(0, std::memory_order_relaxed);
  out->next.store(nullptr, std::memory_order_relaxed);
  out->users.store(1, std::memory_order_relaxed);
  out->home = shared_from_this();
  return out;
}

void chunk_pool::give_back(chunk* unused) noexcept {
  // Approximate under contention, which costs a chunk more or less.
  if (unused->capacity != usual_capacity || kept_.load(std::memory_order_relaxed) >= most_kept) return destroy(unused);
  kept_.fetch_add(1, std::memory_order_relaxed);
  unused->below = returned_.load(std::memory_order_relaxed);
  while (
      !returned_.compare_exchange_weak(unused->below, unused, std::memory_order_release, std::memory_order_relaxed)) {
  }
}

chunk* chunk_pool::pop() noexcept {
  // The whole stack at once: nobody else takes from it, so there is no A-B-A. What came back last is used first; going
  // round through all that an outage left would find none of them in the cache.
  if (chunk* returned = returned_.exchange(nullptr, std::memory_order_acquire); returned != nullptr) {
    chunk* last = returned;
    while (last->below != nullptr) last = last->below;
    last->below = std::exchange(mine_, returned);
  }
  if (mine_ == nullptr) return nullptr;
  chunk* out = std::exchange(mine_, mine_->below);
  kept_.fetch_sub(1, std::memory_order_relaxed);
  return out;
}

}  // namespace sidespan::collect

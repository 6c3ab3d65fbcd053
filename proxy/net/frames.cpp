// SPDX-License-Identifier: Apache-2.0
#include "net/frames.hpp"

#include <array>
#include <new>

namespace sidespan::net::detail {
namespace {

constexpr std::size_t step = 64;               // frames of nearly the same size share a list
constexpr std::size_t largest = 2048;          // larger ones go to the heap
constexpr std::size_t most_kept = 512 * 1024;  // what a burst needed at once is not kept for ever

struct free_frame {
  free_frame* next;
};

/// One thread's free frames, by size.
class free_lists {
 public:
  ~free_lists() {
    for (list& each : lists_) {
      while (each.first != nullptr) ::operator delete(each.pop());
    }
  }
  void* take(std::size_t place) noexcept {
    if (lists_[place].first == nullptr) return nullptr;
    kept_ -= place * step;
    return lists_[place].pop();
  }
  bool give(std::size_t place, void* frame) noexcept {
    if (kept_ > most_kept) return false;
    kept_ += place * step;
    lists_[place].first = new (frame) free_frame{lists_[place].first};
    return true;
  }

 private:
  struct list {
    free_frame* first = nullptr;
    void* pop() noexcept {
      free_frame* const taken = first;
      first = taken->next;
      return taken;
    }
  };
  std::array<list, largest / step + 1> lists_{};
  std::size_t kept_ = 0;  // bytes
};

thread_local free_lists frames;

constexpr std::size_t place_of(std::size_t size) noexcept { return (size + step - 1) / step; }

}  // namespace

// Under ASan every frame is a fresh one, so that a use after its end is seen.
#ifdef __SANITIZE_ADDRESS__
void* take_frame(std::size_t size) { return ::operator new(size); }
void give_frame(void* frame, std::size_t) noexcept { ::operator delete(frame); }
#else
void* take_frame(std::size_t size) {
  const std::size_t place = place_of(size);
  if (size > largest) return ::operator new(size);
  void* const kept = frames.take(place);
  return kept != nullptr ? kept : ::operator new(place* step);
}

void give_frame(void* frame, std::size_t size) noexcept {
  if (size > largest || !frames.give(place_of(size), frame)) ::operator delete(frame);
}
#endif

}  // namespace sidespan::net::detail

// SPDX-License-Identifier: Apache-2.0
//
// Refuses one allocation, or all from one on, of a thread that asks for it. Replaces operator new, and what Asio
// allocates with, of a whole test program, so one file of it includes this; not under the sanitizers, which bring an
// operator new of their own for some of its forms.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace sidespan::support {

class refuse_memory {
 public:
  /// The `nth` allocation of this thread from now on, 1 being the next.
  static void at(int nth) noexcept { left_ = nth; }
  /// The `nth` and all behind it.
  static void from(int nth) noexcept {
    left_ = nth;
    all_ = true;
  }
  /// No longer; true: one has been refused.
  static bool stop() noexcept {
    all_ = false;
    return std::exchange(left_, 0) <= 0;
  }
  static bool now() noexcept {
    if (left_ > 0 && --left_ == 0) {
      if (all_) left_ = -1;
      return true;
    }
    return left_ < 0;
  }

  /// What the test itself does meanwhile is not refused.
  class pause {
   public:
    pause() noexcept : left_before_(std::exchange(left_, 0)) {}
    ~pause() { left_ = left_before_; }
    pause(const pause&) = delete;
    pause& operator=(const pause&) = delete;

   private:
    int left_before_;
  };

 private:
  static inline thread_local int left_ = 0;  // negative: none is to be had
  static inline thread_local bool all_ = false;
};

}  // namespace sidespan::support

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (sidespan::support::refuse_memory::now()) throw std::bad_alloc();
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

extern "C" [[gnu::noinline]] void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (sidespan::support::refuse_memory::now()) return nullptr;
  void* memory = nullptr;
  return ::posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}

// SPDX-License-Identifier: Apache-2.0
//
// Memory of coroutine frames and of what a connection is made of, recycled per thread: an exchange makes the same half
// dozen again and again. Used by task's promises, by stream and reader; memory is given back on the thread that took
// it, or on one that is about to end.
#pragma once

#include <cstddef>

namespace sidespan::net::detail {

void* take_frame(std::size_t size);
void give_frame(void* frame, std::size_t size) noexcept;

/// For a base class: objects of what derives from it are recycled.
struct recycled {
  static void* operator new(std::size_t size) { return take_frame(size); }
  static void operator delete(void* object, std::size_t size) noexcept { give_frame(object, size); }
};

}  // namespace sidespan::net::detail

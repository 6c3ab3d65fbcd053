// SPDX-License-Identifier: Apache-2.0
//
// Memory of coroutine frames, recycled per thread: an exchange makes the same half dozen again and again. Used by
// task's promises; a frame is given back on the thread that took it, or on one that is about to end.
#pragma once

#include <cstddef>

namespace sidespan::net::detail {

void* take_frame(std::size_t size);
void give_frame(void* frame, std::size_t size) noexcept;

}  // namespace sidespan::net::detail

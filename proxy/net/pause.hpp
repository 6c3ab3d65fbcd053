// SPDX-License-Identifier: Apache-2.0
//
// A pause that needs no memory but its own: who pauses because there is none must come back from it. Used by
// net/listener; on the thread that runs the loop.
#pragma once

#include <array>
#include <boost/asio/bind_allocator.hpp>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <new>

#include "net/operation.hpp"

namespace sidespan::net {

/// Room for one operation that waits for a timer.
using pause_room = std::array<std::byte, 256>;

namespace detail {

template <class T>
struct set_aside {
  using value_type = T;

  explicit set_aside(pause_room& from) noexcept : room(&from) {}
  template <class Other>
  set_aside(const set_aside<Other>& other) noexcept : room(other.room) {}
  T* allocate(std::size_t count) const {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    if (count * sizeof(T) > room->size()) throw std::bad_alloc();
    return reinterpret_cast<T*>(room->data());
  }
  void deallocate(T*, std::size_t) const noexcept {}
  friend bool operator==(const set_aside&, const set_aside&) noexcept = default;

  pause_room* room;
};

}  // namespace detail

/// Awaited once: `co_await own_pause(where, length, room)`. One at a time of each `room`, which is aligned for anything
/// and outlives it.
class own_pause {
 public:
  own_pause(const executor& where, std::chrono::milliseconds length, pause_room& room)
      : timer_(where, length), room_(room) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    using resumption = detail::resumption<detail::nothing>;
    timer_.async_wait(asio::bind_allocator(detail::set_aside<std::byte>(room_), resumption(waiting, state_)));
    state_.started = true;
  }
  void await_resume() const noexcept {}

 private:
  timer timer_;
  pause_room& room_;
  error_code ignored_;
  detail::pending<detail::nothing> state_{&ignored_, {}};
};

}  // namespace sidespan::net

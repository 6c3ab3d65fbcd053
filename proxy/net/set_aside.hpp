// SPDX-License-Identifier: Apache-2.0
//
// An operation that needs no memory but its own, for who must come back from a want of memory:
// `co_await timer.async_wait(into(ec, set_aside))`. Used by net/listener; on the thread that runs the loop.
#pragma once

#include <array>
#include <boost/asio/bind_allocator.hpp>
#include <cstddef>
#include <new>
#include <utility>

#include "net/operation.hpp"

namespace sidespan::net {

/// Room for one operation at a time; outlives it.
struct set_aside {
  alignas(std::max_align_t) std::array<std::byte, 256> room;
};

namespace detail {

template <class T>
struct from_set_aside {
  using value_type = T;

  explicit from_set_aside(set_aside& of) noexcept : from(&of) {}
  template <class Other>
  from_set_aside(const from_set_aside<Other>& other) noexcept : from(other.from) {}
  T* allocate(std::size_t count) const {
    static_assert(alignof(T) <= alignof(std::max_align_t) && sizeof(T) <= sizeof(set_aside::room));
    if (count != 1) throw std::bad_alloc();
    return reinterpret_cast<T*>(from->room.data());
  }
  void deallocate(T*, std::size_t) const noexcept {}
  friend bool operator==(const from_set_aside&, const from_set_aside&) noexcept = default;

  set_aside* from;
};

struct into_set_aside {
  error_code* ec;
  set_aside* memory;
};

/// Starts what `initiation` starts, with a handler that brings its memory.
template <class Initiation>
struct starts_in_set_aside {
  Initiation initiation;
  set_aside* memory;

  template <class Handler, class... Arguments>
  void operator()(Handler&& handler, Arguments&&... arguments) && {
    std::move(initiation)(asio::bind_allocator(from_set_aside<std::byte>(*memory), std::forward<Handler>(handler)),
                          std::forward<Arguments>(arguments)...);
  }
};

}  // namespace detail

/// Completion token.
inline detail::into_set_aside into(error_code& ec, set_aside& memory) noexcept { return {&ec, &memory}; }

}  // namespace sidespan::net

template <>
class boost::asio::async_result<sidespan::net::detail::into_set_aside, void(boost::system::error_code)> {
  template <class Initiation>
  using starts = sidespan::net::detail::starts_in_set_aside<std::decay_t<Initiation>>;
  using plain = sidespan::net::detail::start_when_awaited<sidespan::net::detail::nothing>;

 public:
  template <class Initiation, class... Arguments>
  static auto initiate(Initiation&& initiation, sidespan::net::detail::into_set_aside token, Arguments&&... arguments) {
    return plain::initiate(starts<Initiation>{std::forward<Initiation>(initiation), token.memory},
                           sidespan::net::detail::into_token{token.ec}, std::forward<Arguments>(arguments)...);
  }
};

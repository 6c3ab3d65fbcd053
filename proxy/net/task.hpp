// SPDX-License-Identifier: Apache-2.0
//
// The coroutine type of everything that waits, and the socket types it waits on. A task starts when it is awaited, goes
// on at once when what it awaited is done, and costs one recycled frame and no work queue. All of it belongs to the
// thread that runs the loop; docs/adr/011 says why this is not asio::awaitable. What it awaits: other tasks, Asio's
// operations (net/operation), reads (net/read).
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "net/frames.hpp"

namespace sidespan::net {

namespace asio = boost::asio;
using error_code = boost::system::error_code;
using executor = asio::io_context::executor_type;

using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
using tcp_endpoint = asio::ip::tcp::endpoint;
using timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;

namespace detail {

/// What every coroutine of one spawned chain knows: the first of them, whose destruction ends all.
struct chained : recycled {
  std::coroutine_handle<> root;
};

struct task_promise_base : chained {
  std::coroutine_handle<> waiting;
  std::exception_ptr error;
  bool starting = false;  // inside the await that started it
  bool done = false;

  struct at_end {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      self.promise().done = true;
      // Ended without waiting: the await that started it is still on the stack and goes on by itself, so that a loop of
      // such awaits does not grow the stack.
      return self.promise().starting ? std::noop_coroutine() : self.promise().waiting;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  at_end final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct task_promise : task_promise_base {
  std::optional<T> value;
  template <class From>
  void return_value(From&& from) {
    value.emplace(std::forward<From>(from));
  }
  T take() { return std::move(*value); }
};

template <>
struct task_promise<void> : task_promise_base {
  void return_void() const noexcept {}
  void take() const noexcept {}
};

}  // namespace detail

/// Movable, awaited once, at once or later; destroys what it has not finished. An exception comes out of the await.
template <class T = void>
class [[nodiscard]] task {
 public:
  struct promise_type : detail::task_promise<T> {
    task get_return_object() noexcept { return task(std::coroutine_handle<promise_type>::from_promise(*this)); }
  };

  task(task&& other) noexcept : self_(std::exchange(other.self_, {})) {}
  task& operator=(task&& other) noexcept {
    std::swap(self_, other.self_);
    return *this;
  }
  ~task() {
    if (self_) self_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) {
    promise_type& mine = self_.promise();
    mine.waiting = waiting;
    mine.root = waiting.promise().root;
    mine.starting = true;
    self_.resume();
    mine.starting = false;
    return !mine.done;
  }
  T await_resume() {
    if (self_.promise().error) std::rethrow_exception(self_.promise().error);
    return self_.promise().take();
  }

 private:
  explicit task(std::coroutine_handle<promise_type> self) noexcept : self_(self) {}
  std::coroutine_handle<promise_type> self_;
};

}  // namespace sidespan::net

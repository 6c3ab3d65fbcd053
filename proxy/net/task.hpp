// SPDX-License-Identifier: Apache-2.0
//
// The coroutine type of everything that waits, and the socket types it waits on. A task starts when it is awaited, goes
// on at once when what it awaited is done, and costs one recycled frame and no work queue. Asio operations are awaited
// through into(ec). All of it belongs to the thread that runs the loop; docs/adr/011 says why this is not
// asio::awaitable.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <coroutine>
#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
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
struct chained {
  std::coroutine_handle<> root;

  static void* operator new(std::size_t size) { return take_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { give_frame(frame, size); }
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

namespace detail {

struct into_token {
  error_code* ec;
};

/// What an operation has for its handler; lives in the frame that awaits it.
template <class Result>
struct pending {
  error_code* ec;
  std::optional<Result> result;
  bool started = false;
};

/// The completion handler of an awaited operation. When the loop ends before the operation does, the handler is
/// destroyed uncalled, and with it the chain of coroutines that would wait for ever. Not so while the operation is
/// being started: an exception (no memory) comes out of the await then.
template <class Result>
class resumption {
 public:
  template <class Promise>
  resumption(std::coroutine_handle<Promise> waiting, pending<Result>& of) noexcept
      : waiting_(waiting), root_(waiting.promise().root), of_(&of) {}
  resumption(resumption&& other) noexcept
      : waiting_(other.waiting_), root_(std::exchange(other.root_, {})), of_(other.of_) {}
  ~resumption() {
    if (root_ && of_->started) root_.destroy();
  }

  template <class... Value>
  void operator()(const error_code& ec, Value&&... value) {
    root_ = {};
    *of_->ec = ec;
    if constexpr (sizeof...(Value) == 1) of_->result.emplace(std::forward<Value>(value)...);
    waiting_.resume();
  }

 private:
  std::coroutine_handle<> waiting_;
  std::coroutine_handle<> root_;
  pending<Result>* of_;
};

struct nothing {};

/// An Asio operation that starts when it is awaited.
template <class Result, class Initiation, class... Arguments>
class [[nodiscard]] operation {
 public:
  template <class... From>
  operation(into_token token, Initiation initiation, From&&... arguments)
      : state_{token.ec, {}}, initiation_(std::move(initiation)), arguments_(std::forward<From>(arguments)...) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    std::apply(
        [&](Arguments&... arguments) {
          std::move(initiation_)(resumption<Result>(waiting, state_), std::move(arguments)...);
        },
        arguments_);
    state_.started = true;
  }
  auto await_resume() noexcept {
    if constexpr (!std::is_same_v<Result, nothing>) return std::move(*state_.result);
  }

 private:
  pending<Result> state_;
  Initiation initiation_;
  std::tuple<Arguments...> arguments_;
};

template <class Result>
struct start_when_awaited {
  template <class Initiation, class... Arguments>
  static operation<Result, std::decay_t<Initiation>, std::decay_t<Arguments>...> initiate(Initiation&& initiation,
                                                                                          into_token token,
                                                                                          Arguments&&... arguments) {
    return {token, std::forward<Initiation>(initiation), std::forward<Arguments>(arguments)...};
  }
};

}  // namespace detail

/// Completion token: the operation is awaited, its error lands in `ec`, what else it gives is the value of the await.
inline detail::into_token into(error_code& ec) noexcept { return {&ec}; }

}  // namespace sidespan::net

template <>
class boost::asio::async_result<sidespan::net::detail::into_token, void(boost::system::error_code)>
    : public sidespan::net::detail::start_when_awaited<sidespan::net::detail::nothing> {};

template <class Result>
class boost::asio::async_result<sidespan::net::detail::into_token, void(boost::system::error_code, Result)>
    : public sidespan::net::detail::start_when_awaited<Result> {};

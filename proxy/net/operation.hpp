// SPDX-License-Identifier: Apache-2.0
//
// How a task awaits one of Asio's operations: `co_await socket.async_connect(where, into(ec))`. Used by whatever waits
// for sockets, timers and signals, on the thread that runs the loop; docs/adr/011.
#pragma once

#include <boost/asio/async_result.hpp>
#include <coroutine>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "net/task.hpp"

namespace sidespan::net {

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

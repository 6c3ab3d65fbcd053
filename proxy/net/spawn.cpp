// SPDX-License-Identifier: Apache-2.0
#include "net/spawn.hpp"

#include <boost/asio/post.hpp>
#include <new>

#include "base/log.hpp"

namespace sidespan::net {
namespace {

void report(const char* what, std::string_view reason) noexcept {
  try {
    base::log(base::log_level::error, "internal error", {{"in", what}, {"reason", std::string(reason)}});
  } catch (const std::bad_alloc&) {
    // Which it may well have been.
  }
}

/// The first coroutine of a chain. Owns itself: it is gone when it ends, or when whoever should resume it is destroyed.
struct first_coroutine {
  struct promise_type : detail::chained {
    first_coroutine get_return_object() noexcept {
      root = std::coroutine_handle<promise_type>::from_promise(*this);
      return {root};
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
  std::coroutine_handle<> self;
};

first_coroutine run(task<void> coroutine, const char* what) {
  try {
    co_await coroutine;
  } catch (const std::exception& error) {
    report(what, error.what());
  } catch (...) {
    report(what, "unknown");
  }
}

class starting {
 public:
  explicit starting(std::coroutine_handle<> first) noexcept : first_(first) {}
  starting(starting&& other) noexcept : first_(std::exchange(other.first_, {})) {}
  ~starting() {
    if (first_) first_.destroy();
  }
  void operator()() { std::exchange(first_, {}).resume(); }

 private:
  std::coroutine_handle<> first_;
};

}  // namespace

void spawn(const executor& where, task<void> coroutine, const char* what) {
  const first_coroutine made = run(std::move(coroutine), what);
  asio::post(where, starting(made.self));
}

}  // namespace sidespan::net

// SPDX-License-Identifier: Apache-2.0
#include "net/task.hpp"

#include <boost/asio/async_result.hpp>
#include <catch2/catch.hpp>
#include <memory>
#include <new>

#include "net/operation.hpp"
#include "net/spawn.hpp"

namespace sidespan::net {
namespace {

/// An operation for whose handler there is no memory.
struct without_memory {
  template <class Handler>
  void operator()(Handler&& handler) const {
    const auto moved_in = std::forward<Handler>(handler);
    throw std::bad_alloc();
  }
};

/// An operation that never ends: its handler waits in `kept`.
struct endless {
  std::shared_ptr<void>* kept;
  template <class Handler>
  void operator()(Handler&& handler) const {
    *kept = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
  }
};

task<void> start_without_memory() {
  error_code ec;
  detail::into_token token = into(ec);
  co_await asio::async_initiate<detail::into_token, void(error_code)>(without_memory(), token);
}

/// What became of it, and that it is no longer there.
task<void> caught(std::shared_ptr<int> tells) {
  try {
    co_await start_without_memory();
  } catch (const std::bad_alloc&) {
    *tells = 1;
  }
}

task<void> wait_for_ever(std::shared_ptr<int> tells, std::shared_ptr<void>* kept) {
  error_code ec;
  detail::into_token token = into(ec);
  endless wait{kept};
  co_await asio::async_initiate<detail::into_token, void(error_code)>(std::move(wait), token);
  *tells = 1;
}

TEST_CASE("task: an operation that cannot be started for lack of memory throws where it is awaited") {
  asio::io_context loop(1);
  const auto tells = std::make_shared<int>(0);
  spawn(loop.get_executor(), caught(tells), "test");
  spawn(loop.get_executor(), start_without_memory(), "test");  // nobody catches it: logged, and the loop goes on
  spawn(loop.get_executor(), caught(tells), "test");
  loop.run();
  CHECK(*tells == 1);
  CHECK(tells.use_count() == 1);
}

TEST_CASE("task: an operation whose handler is destroyed uncalled takes the coroutines with it that wait for it") {
  asio::io_context loop(1);
  const auto tells = std::make_shared<int>(0);
  std::shared_ptr<void> kept;
  spawn(loop.get_executor(), wait_for_ever(tells, &kept), "test");
  loop.run();
  CHECK(tells.use_count() == 2);
  kept.reset();
  CHECK(tells.use_count() == 1);
  CHECK(*tells == 0);
}

}  // namespace
}  // namespace sidespan::net

// SPDX-License-Identifier: Apache-2.0
#include "net/beside.hpp"

#include <catch2/catch.hpp>
#include <new>
#include <string>

#include "net/event.hpp"
#include "net/spawn.hpp"
#include "support/loopback.hpp"

namespace sidespan::net {
namespace {

/// Two coroutines, of which the first waits for the second.
struct both {
  support::event_loop loop;
  event go{loop.context.get_executor()};
  beside other;
  std::string told;
  bool fails = false;

  task<void> second() {
    co_await go.wait();
    told += "second ";
    if (fails) throw std::bad_alloc();
  }
  task<bool> first() {
    other.begin(loop.context.get_executor(), second(), "test");
    co_await other.end();
    told += "first";
    co_return true;
  }
};

/// Says when it is gone.
task<void> held(std::shared_ptr<int>, event& until) { co_await until.wait(); }

task<void> hold(std::shared_ptr<int> tells, event& until, executor where) {
  beside other;
  other.begin(where, held(tells, until), "test");
  co_await other.end();
}

TEST_CASE("beside: the one that waits goes on when the other one has ended") {
  both set;
  SECTION("in the end") {}
  SECTION("by an exception") { set.fails = true; }
  const auto out = set.loop.start(set.first());
  CHECK(set.other.running());
  CHECK(set.told.empty());
  set.go.set();
  set.loop.until([&out] { return out->has_value(); });
  CHECK(set.told == "second first");
  CHECK_FALSE(set.other.running());
}

TEST_CASE("beside: nothing to wait for when it has ended, or never began") {
  both set;
  SECTION("ended") {
    set.go.set();
    const auto out = set.loop.start(set.first());
    CHECK(out->has_value());
    CHECK(set.other.end().await_ready());
  }
  SECTION("never began") {
    CHECK_FALSE(set.other.running());
    CHECK(set.other.end().await_ready());
  }
}

TEST_CASE("beside: when the loop goes first, both go") {
  const auto tells = std::make_shared<int>(0);
  {
    auto context = std::make_unique<asio::io_context>(1);
    const executor where = context->get_executor();
    auto never = std::make_unique<event>(where);
    spawn(where, hold(tells, *never, where), "test");
    context->poll();
    CHECK(tells.use_count() > 1);
    never.reset();  // its waiter is told that nothing comes, and the loop does not turn any more
    context.reset();
  }
  CHECK(tells.use_count() == 1);
}

}  // namespace
}  // namespace sidespan::net

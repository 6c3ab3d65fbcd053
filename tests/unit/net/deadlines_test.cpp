// SPDX-License-Identifier: Apache-2.0
#include "net/deadlines.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <ctime>
#include <functional>
#include <memory>
#include <vector>

namespace sidespan::net::test {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

/// A loop with a wheel; run_for() is bounded by its argument, not by what is armed. What must come is waited for,
/// however long the machine lets nobody run.
struct wheel_test {
  asio::io_context loop{1};
  deadlines wheel{loop};

  void run_for(std::chrono::milliseconds length) {
    loop.restart();
    const auto guard = asio::make_work_guard(loop);
    loop.run_for(length);
  }
  template <class Condition>
  void until(Condition met) {
    const auto limit = steady::now() + 30s;
    while (!met() && steady::now() < limit) run_for(1ms);
    REQUIRE(met());
  }
};

/// Now, as deadlines see it: what the kernel's coarse clock lags by more than a tick is not theirs to know. It does on
/// a machine that did not let anybody run for a while.
steady::time_point beginning() {
  timespec coarse{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
  const auto at = std::chrono::seconds(coarse.tv_sec) + std::chrono::nanoseconds(coarse.tv_nsec);
  return std::min(steady::now(), steady::time_point(at + deadlines::tick));
}

/// Notes when it came, and does what it is told to.
struct noted {
  deadline entry;
  std::vector<steady::time_point> came;
  std::function<void()> then;

  explicit noted(deadlines& wheel) : entry(wheel, &noted::on_expiry, this) {}
  static void on_expiry(void* self) noexcept {
    auto& me = *static_cast<noted*>(self);
    me.came.push_back(steady::now());
    const auto then = me.then;  // `me` may be gone afterwards
    if (then) then();
  }
};

}  // namespace

TEST_CASE("deadlines: comes once, not before its time") {
  wheel_test t;
  noted one(t.wheel);
  const auto began = beginning();
  one.entry.arm(30ms);
  CHECK(one.entry.armed());
  t.until([&one] { return !one.came.empty(); });
  CHECK_FALSE(one.entry.armed());
  t.run_for(50ms);
  REQUIRE(one.came.size() == 1);
  CHECK(one.came[0] - began >= 30ms);
}

TEST_CASE("deadlines: comes a few ticks late at most") {
  wheel_test t;
  steady::duration least = 1h;
  for (int i = 0; i < 100 && least > 40ms; ++i) {  // whoever has to wait for the processor is not late by itself
    noted one(t.wheel);
    const auto began = beginning();
    one.entry.arm(20ms);
    t.until([&one] { return !one.came.empty(); });
    least = std::min(least, one.came[0] - began - 20ms);
  }
  CHECK(least <= 40ms);
}

TEST_CASE("deadlines: what is left of one, to a few ticks") {
  wheel_test t;
  noted one(t.wheel);
  CHECK(one.entry.left() == 0ms);
  const auto began = beginning();
  one.entry.arm(10min);
  CHECK(one.entry.left() <= 10min + 40ms);
  const auto left = one.entry.left();
  CHECK(left + (steady::now() - began) >= 10min);
  t.run_for(100ms);
  CHECK(one.entry.left() < 10min);
  one.entry.disarm();
  CHECK(one.entry.left() == 0ms);
}

TEST_CASE("deadlines: 0 and less mean no limit") {
  wheel_test t;
  noted one(t.wheel);
  one.entry.arm(10ms);
  one.entry.arm(0ms);
  CHECK_FALSE(one.entry.armed());
  noted two(t.wheel);
  two.entry.arm(-5ms);
  CHECK_FALSE(two.entry.armed());
  t.run_for(40ms);
  CHECK(one.came.empty());
  CHECK(two.came.empty());
}

TEST_CASE("deadlines: disarmed and destroyed ones never come") {
  wheel_test t;
  noted one(t.wheel);
  one.entry.arm(10ms);
  one.entry.disarm();
  auto gone = std::make_unique<noted>(t.wheel);
  bool came = false;
  gone->then = [&came] { came = true; };
  gone->entry.arm(10ms);
  gone.reset();
  t.run_for(50ms);
  CHECK(one.came.empty());
  CHECK_FALSE(came);
}

TEST_CASE("deadlines: put off again and again, comes at the last time") {
  wheel_test t;
  noted one(t.wheel);
  noted before(t.wheel);
  before.entry.arm(20ms);
  one.entry.arm(20ms);
  const auto began = beginning();
  one.entry.arm(60ms);
  t.until([&before] { return !before.came.empty(); });  // its first slot comes round
  CHECK(one.entry.armed() == one.came.empty());
  t.until([&one] { return !one.came.empty(); });
  t.run_for(50ms);
  REQUIRE(one.came.size() == 1);
  CHECK(one.came[0] - began >= 60ms);
}

TEST_CASE("deadlines: brought forward, comes at the earlier time") {
  wheel_test t;
  noted one(t.wheel);
  noted later(t.wheel);  // slots are gone through in order, however slow the machine is
  one.entry.arm(10min);
  later.entry.arm(2s);
  one.entry.arm(20ms);
  bool in_order = false;
  one.then = [&] { in_order = later.entry.armed(); };
  t.until([&one] { return one.came.size() == 1; });
  CHECK(in_order);
}

TEST_CASE("deadlines: one that is due before the others does not wait for them") {
  wheel_test t;
  noted later(t.wheel);
  noted one(t.wheel);
  later.entry.arm(2s);
  one.entry.arm(20ms);
  bool in_order = false;
  one.then = [&] { in_order = later.entry.armed(); };
  t.until([&one] { return one.came.size() == 1; });
  CHECK(in_order);
  CHECK(later.came.empty());
}

TEST_CASE("deadlines: one further away than a turn of the wheel neither comes early nor is lost") {
  wheel_test t;
  noted far(t.wheel);
  noted near(t.wheel);
  far.entry.arm(deadlines::tick * 514);  // two slots more than there are: the third from now, if turns did not count
  near.entry.arm(20ms);
  t.until([&near] { return near.came.size() == 1; });
  CHECK(far.came.empty());
  CHECK(far.entry.armed());
  noted later(t.wheel);
  later.entry.arm(2s);
  far.entry.arm(10ms);
  t.until([&far] { return far.came.size() == 1; });
  CHECK(later.came.empty());
}

TEST_CASE("deadlines: an action may arm itself again") {
  wheel_test t;
  noted one(t.wheel);
  one.then = [&one] {
    if (one.came.size() < 3) one.entry.arm(10ms);
  };
  one.entry.arm(10ms);
  t.until([&one] { return one.came.size() == 3; });
  t.run_for(50ms);
  CHECK(one.came.size() == 3);
}

TEST_CASE("deadlines: an action may destroy its own deadline and others of the same time") {
  wheel_test t;
  std::vector<std::unique_ptr<noted>> all;
  int came = 0;
  for (int i = 0; i < 5; ++i) {
    all.push_back(std::make_unique<noted>(t.wheel));
    all.back()->then = [&] {
      ++came;
      all.clear();
    };
  }
  for (auto& each : all) each->entry.arm(20ms);
  t.until([&came] { return came != 0; });
  t.run_for(50ms);
  CHECK(came == 1);
  CHECK(all.empty());
}

TEST_CASE("deadlines: an action may disarm and re-arm its neighbours") {
  wheel_test t;
  noted a(t.wheel);
  noted b(t.wheel);
  // Which one comes first is not promised; whichever it is puts the other one off.
  a.then = [&] { b.entry.arm(40ms); };
  b.then = [&] { a.entry.disarm(); };
  a.entry.arm(20ms);
  b.entry.arm(20ms);
  t.until([&] { return !b.came.empty() && !a.entry.armed() && !b.entry.armed(); });
  t.run_for(50ms);
  CHECK(a.came.size() + b.came.size() <= 3);
  CHECK_FALSE(a.entry.armed());
  CHECK_FALSE(b.entry.armed());
}

TEST_CASE("deadlines: many at many times, each once and none early") {
  wheel_test t;
  std::vector<std::unique_ptr<noted>> all;
  const auto after = [](std::size_t i) { return std::chrono::milliseconds(1 + (i * 37) % 90); };
  const auto began = beginning();
  for (std::size_t i = 0; i < 500; ++i) {
    all.push_back(std::make_unique<noted>(t.wheel));
    all.back()->entry.arm(after(i));
  }
  t.until(
      [&all] { return std::none_of(all.begin(), all.end(), [](const auto& each) { return each->entry.armed(); }); });
  t.run_for(50ms);
  int early = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(all[i]->came.size() == 1);
    if (all[i]->came[0] - began < after(i)) ++early;
  }
  CHECK(early == 0);
}

TEST_CASE("deadlines: an idle wheel sets no timer, and works after a pause") {
  wheel_test t;
  t.loop.restart();
  CHECK(t.loop.poll() == 0);
  CHECK(t.loop.stopped());  // no work is outstanding
  noted one(t.wheel);
  one.entry.arm(10ms);
  t.until([&one] { return one.came.size() == 1; });
  one.entry.arm(10ms);
  t.until([&one] { return one.came.size() == 2; });
}

}  // namespace sidespan::net::test

// SPDX-License-Identifier: Apache-2.0
#include "base/wall_anchor.hpp"

#include <catch2/catch.hpp>

#include "support/fake_clock.hpp"

using namespace sidespan;
using namespace std::chrono_literals;

TEST_CASE("wall anchor: follows the steady clock, reads the wall clock once a second") {
  support::fake_clock clock;
  base::wall_anchor subject;
  for (int i = 0; i < 10; ++i) {
    CHECK(subject.at(clock.steady_now, clock) == clock.wall_now);
    clock.advance(99ms);
  }
  CHECK(clock.wall_reads == 1);
  clock.advance(10ms);
  CHECK(subject.at(clock.steady_now, clock) == clock.wall_now);
  CHECK(clock.wall_reads == 2);
}

TEST_CASE("wall anchor: a time shortly before the last reading") {
  support::fake_clock clock;
  base::wall_anchor subject;
  const base::wall_time now = subject.at(clock.steady_now, clock);
  CHECK(subject.at(clock.steady_now + -5ms, clock).ns == now.ns - 5'000'000);
}

TEST_CASE("wall anchor: a step of the wall clock shows within a second, one of the steady clock at once") {
  support::fake_clock clock;
  base::wall_anchor subject;
  subject.at(clock.steady_now, clock);
  clock.wall_now.ns += 3'600'000'000'000;
  clock.advance(1s);
  CHECK(subject.at(clock.steady_now, clock) == clock.wall_now);
  clock.steady_now = clock.steady_now + -2s;
  CHECK(subject.at(clock.steady_now, clock) == clock.wall_now);
}

// SPDX-License-Identifier: Apache-2.0
#include "otlp/patience.hpp"

#include <catch2/catch.hpp>

namespace sidespan::otlp {
namespace {

using namespace std::chrono_literals;

TEST_CASE("patience: all the configured time for a collector that we do not know") {
  CHECK(patience(10s).next() == 10s);
}

TEST_CASE("patience: a collector known to be fast gets four seconds, a slow one ten times its usual") {
  patience p(10s);
  p.answered(5ms);
  CHECK(p.next() == 4s);
  p.answered(700ms);
  CHECK(p.next() == 7s);
  p.answered(3s);
  CHECK(p.next() == 10s);
}

TEST_CASE("patience: never more than configured") {
  patience p(1s);
  CHECK(p.next() == 1s);
  p.answered(1ms);
  CHECK(p.next() == 1s);
  p.timed_out();
  CHECK(p.next() == 1s);
}

TEST_CASE("patience: less after a time-out, so that a collector that was hung is noticed when it is back") {
  patience p(10s);
  p.answered(5ms);
  p.timed_out();
  CHECK(p.next() == 2s);
  p.timed_out();
  CHECK(p.next() == 4s);
  p.timed_out();
  CHECK(p.next() == 4s);
  p.answered(5ms);
  CHECK(p.next() == 4s);
}

TEST_CASE("patience: shortened also for one that never answered") {
  patience p(10s);
  p.timed_out();
  CHECK(p.next() == 2s);
}

TEST_CASE("patience: now and then all of the time, for a collector that became slow") {
  patience p(10s);
  p.answered(5ms);
  int full = 0;
  for (int i = 0; i < 32; ++i) {
    p.timed_out();
    full += p.next() == 10s ? 1 : 0;
  }
  CHECK(full == 2);
}

TEST_CASE("patience: one slow answer is forgotten over time") {
  patience p(10s);
  p.answered(1s);
  CHECK(p.next() == 10s);
  for (int i = 0; i < 20; ++i) p.answered(1ms);
  CHECK(p.next() == 4s);
}

}  // namespace
}  // namespace sidespan::otlp

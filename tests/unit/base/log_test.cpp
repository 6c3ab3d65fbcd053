// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <catch2/catch.hpp>

using namespace sidespan;
using std::chrono::milliseconds;
using std::chrono::seconds;
using moment = std::chrono::steady_clock::time_point;

TEST_CASE("throttle: one message per interval, with the number swallowed since") {
  base::throttle throttle(seconds(10));
  const moment start{seconds(100)};
  CHECK(throttle.pass(start) == 0);
  CHECK_FALSE(throttle.pass(start));
  CHECK_FALSE(throttle.pass(start + milliseconds(9999)));
  CHECK(throttle.pass(start + seconds(10)) == 2);
  CHECK_FALSE(throttle.pass(start + milliseconds(19999)));
  CHECK(throttle.pass(start + seconds(30)) == 1);
  CHECK(throttle.pass(start + seconds(60)) == 0);
}

TEST_CASE("throttle: the first message passes however young the clock is") {
  base::throttle throttle(seconds(10));
  CHECK(throttle.pass(moment{seconds(0)}) == 0);
  base::throttle before(seconds(10));
  CHECK(before.pass(moment{seconds(-5)}) == 0);
}

TEST_CASE("throttle: call sites do not share") {
  base::throttle one, other;
  CHECK(one.pass(moment{}) == 0);
  CHECK(other.pass(moment{}) == 0);
}

TEST_CASE("log: level names are read back") {
  using base::log_level;
  for (const auto level :
       {log_level::trace, log_level::debug, log_level::info, log_level::warn, log_level::error, log_level::off}) {
    CHECK(base::parse_log_level(base::name(level)) == level);
  }
  for (const char* bad : {"", "warning", "INFO", "info ", "fatal"}) CHECK_FALSE(base::parse_log_level(bad));
}

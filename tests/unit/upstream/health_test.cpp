// SPDX-License-Identifier: Apache-2.0
#include "upstream/health.hpp"

#include <catch2/catch.hpp>

namespace sidespan::upstream::test {
namespace {

using namespace std::chrono_literals;

policy ejecting(std::uint32_t after) {
  policy out;
  out.eject_after = after;
  out.eject_time = 10s;
  out.eject_longest = 35s;
  return out;
}

const health::time start{1h};

}  // namespace

TEST_CASE("health: an endpoint is ejected by faults in a row, not before") {
  health one;
  const policy by = ejecting(3);
  CHECK_FALSE(one.fault(start, by));
  CHECK_FALSE(one.fault(start, by));
  CHECK_FALSE(one.ejected(start));
  CHECK(one.fault(start, by));
  CHECK(one.ejected(start));
  CHECK(one.ejected(start + 9999ms));
  CHECK_FALSE(one.ejected(start + 10s));
}

TEST_CASE("health: a success in between begins anew") {
  health one;
  const policy by = ejecting(2);
  CHECK_FALSE(one.fault(start, by));
  one.success(by);
  CHECK_FALSE(one.fault(start, by));
  CHECK(one.fault(start, by));
}

TEST_CASE("health: 0 never ejects") {
  health one;
  for (int i = 0; i < 100; ++i) CHECK_FALSE(one.fault(start, ejecting(0)));
  CHECK_FALSE(one.ejected(start));
}

TEST_CASE("health: faults of requests from before do not make an ejection longer") {
  health one;
  const policy by = ejecting(1);
  CHECK(one.fault(start, by));
  CHECK_FALSE(one.fault(start + 5s, by));
  CHECK_FALSE(one.ejected(start + 10s));
}

TEST_CASE("health: back on probation one fault is enough, and each time is longer, up to the longest") {
  health one;
  const policy by = ejecting(3);
  for (int i = 0; i < 3; ++i) (void)one.fault(start, by);
  health::time now = start;
  for (const auto length : {10s, 20s, 35s, 35s}) {
    CHECK(one.ejected(now + length - 1ms));
    CHECK_FALSE(one.ejected(now + length));
    now += length;
    CHECK(one.fault(now, by));
  }
}

TEST_CASE("health: enough successes in a row forget the ejections") {
  health one;
  const policy by = ejecting(2);
  for (int i = 0; i < 2; ++i) (void)one.fault(start, by);
  CHECK(one.fault(start + 10s, by));
  CHECK(one.until() == start + 30s);
  one.success(by);
  CHECK_FALSE(one.fault(start + 30s, by));
  CHECK(one.fault(start + 30s, by));
  CHECK(one.until() == start + 65s);  // one success was not enough
  one.success(by);
  one.success(by);
  for (int i = 0; i < 2; ++i) (void)one.fault(start + 65s, by);
  CHECK(one.until() == start + 75s);
}

}  // namespace sidespan::upstream::test

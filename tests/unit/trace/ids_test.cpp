// SPDX-License-Identifier: Apache-2.0
#include "trace/ids.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "support/fixed_random.hpp"

using namespace sidespan;

TEST_CASE("ids: read like the numbers they were drawn from") {
  support::fixed_random random({0x0af7651916cd43dd, 0x8448eb211c80319c, 0xb7ad6b7169203331});
  CHECK(trace::make_trace_id(random).hex() == "0af7651916cd43dd8448eb211c80319c");
  CHECK(trace::make_span_id(random).hex() == "b7ad6b7169203331");
}

TEST_CASE("ids: all zero is drawn again (TC-25)") {
  support::fixed_random for_trace({0, 0, 0, 5});
  CHECK(trace::make_trace_id(for_trace).hex() == "00000000000000000000000000000005");
  support::fixed_random for_span({0, 0, 7});
  CHECK(trace::make_span_id(for_span).hex() == "0000000000000007");
}

TEST_CASE("ids: half a trace id may be zero") {
  support::fixed_random random({0, 1});
  CHECK(trace::make_trace_id(random).valid());
}

TEST_CASE("ids: zero is invalid, any bit makes them valid") {
  CHECK_FALSE(trace::trace_id{}.valid());
  CHECK_FALSE(trace::span_id{}.valid());
  for (std::size_t i = 0; i < 16; ++i) {
    trace::trace_id id;
    id.bytes[i] = 1;
    CHECK(id.valid());
  }
  trace::span_id last;
  last.bytes[7] = 1;
  CHECK(last.valid());
}

TEST_CASE("ids: the system source does not repeat itself across its blocks") {
  base::system_random random;
  std::set<trace::span_id> seen;
  for (int i = 0; i < 2000; ++i) seen.insert(trace::make_span_id(random));
  CHECK(seen.size() == 2000);
}

// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "trace/traceparent.hpp"

namespace sidespan {

TEST_CASE("traceparent: unknown flag bits are gone once it is read (TC-10)") {
  const auto parsed = trace::parse_traceparent("00-12345678901234567890123456789012-1234567890123456-ff");
  REQUIRE(parsed);
  CHECK(parsed->flags == (trace::flags::sampled | trace::flags::random));
}

}  // namespace sidespan

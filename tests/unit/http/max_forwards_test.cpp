// SPDX-License-Identifier: Apache-2.0
#include "http/max_forwards.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace sidespan;
using namespace sidespan::http;

namespace {

/// What becomes of the field's lines: their values, "answer", or "fault".
std::string outcome(std::string_view method, const std::vector<std::string_view>& values) {
  base::arena arena;
  request_head head;
  head.method = method;
  head.fields.add("Host", "a");
  for (const std::string_view value : values) head.fields.add("max-FORWARDS", value);
  const auto passes = count_down_forwards(head, arena);
  if (!passes) return "fault " + std::to_string(static_cast<int>(passes.error().code()));
  if (!*passes) return "answer";
  std::string out;
  for (const field& line : head.fields) {
    if (line.id == field_id::max_forwards) out.append(line.name).append("=").append(line.value).append(" ");
  }
  return out;
}

const std::string refused = "fault " + std::to_string(static_cast<int>(base::fault_code::http_request_error));

}  // namespace

TEST_CASE("max-forwards: an OPTIONS is counted down, keeping the name's case (H1-8)") {
  CHECK(outcome("OPTIONS", {"1"}) == "max-FORWARDS=0 ");
  CHECK(outcome("OPTIONS", {"10"}) == "max-FORWARDS=9 ");
  CHECK(outcome("OPTIONS", {"007"}) == "max-FORWARDS=6 ");
  CHECK(outcome("OPTIONS", {"18446744073709551615"}) == "max-FORWARDS=18446744073709551614 ");
}

TEST_CASE("max-forwards: at 0 the request ends here") {
  CHECK(outcome("OPTIONS", {"0"}) == "answer");
  CHECK(outcome("OPTIONS", {"000"}) == "answer");
}

TEST_CASE("max-forwards: is never created") { CHECK(outcome("OPTIONS", {}) == ""); }

TEST_CASE("max-forwards: other methods keep theirs, whatever it says") {
  CHECK(outcome("GET", {"0"}) == "max-FORWARDS=0 ");
  CHECK(outcome("options", {"x"}) == "max-FORWARDS=x ");
  CHECK(outcome("DELETE", {"1", "2"}) == "max-FORWARDS=1 max-FORWARDS=2 ");
}

TEST_CASE("max-forwards: anything but one decimal number is refused") {
  for (const std::string_view value : {"", "-1", "+1", "x", "1, 2", "1 2", "0x1", "18446744073709551616"})
    CHECK(outcome("OPTIONS", {value}) == refused);
  CHECK(outcome("OPTIONS", {"5", "5"}) == refused);
  CHECK(outcome("OPTIONS", {"5", "0"}) == refused);
}

// SPDX-License-Identifier: Apache-2.0
//
// Rules that the second reader would catch as well, held by the first one alone.
#include <catch2/catch.hpp>

#include "http1/decoder.hpp"
#include "http1/framing.hpp"
#include "http1/strict.hpp"

namespace sidespan {

TEST_CASE("framing: two Content-Length lines are refused without the second reader (FR-7, FR-8)") {
  const auto second = GENERATE(as<std::string>{}, "5", "6");
  http::fields fields;
  fields.add("Content-Length", "5");
  fields.add("Content-Length", second);
  CHECK_FALSE(http1::read_framing(fields, http::version::http_1_1, base::side::downstream));
}

TEST_CASE("framing: Connection is a list of tokens, held without the second reader (RFC 9110 §7.6.1)") {
  const auto value = GENERATE(as<std::string>{}, "a b", "close, a b", "\"close\"", "keep-alive; x");
  http::fields fields;
  fields.add("Connection", value);
  CHECK_FALSE(http1::read_framing(fields, http::version::http_1_1, base::side::downstream));
}

TEST_CASE("strict: an empty field name is refused without the second reader (H1-22)") {
  http::fields fields;
  std::string_view section = ": value\r\n\r\n";
  CHECK(http1::read_field_lines(section, 10, http1::blank_before_colon::refused, fields));
}

TEST_CASE("body decoder: nothing but CRLF follows the data of a chunk (FR-11)") {
  const auto wrong = GENERATE(as<std::string>{}, "X\n", "\n\n", " \n", "\r\r");
  http1::decoded_head head;
  head.body.kind = http::body_size::kind::unknown;
  head.chunked = true;
  http1::body_decoder decoder;
  decoder.start(head, base::side::downstream, {});
  const std::string bytes = "5\r\nhello" + wrong + "0\r\n\r\n";
  CHECK_FALSE(decoder.decode(bytes));
}

}  // namespace sidespan

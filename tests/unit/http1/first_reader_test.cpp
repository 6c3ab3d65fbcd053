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
  const auto name = GENERATE(as<std::string>{}, "Connection", "Proxy-Connection");
  const auto value = GENERATE(as<std::string>{}, "a b", "close, a b", "\"close\"", "keep-alive; x");
  http::fields fields;
  fields.add(name, value);
  CHECK_FALSE(http1::read_framing(fields, http::version::http_1_1, base::side::downstream));
}

TEST_CASE("strict: an empty field name is refused without the second reader (H1-22)") {
  http::fields fields;
  std::string_view section = ": value\r\n\r\n";
  CHECK(http1::read_field_lines(section, 10, http1::blank_before_colon::refused, fields));
}

TEST_CASE("strict: request lines that are refused without the second reader (H1-1, H1-2)") {
  const auto line = GENERATE(as<std::string>{}, "GET / http/1.1", "GET / HtTP/1.1", "GET  HTTP/1.1", "GET / HTTP/1.1 ",
                             "GET /\x7f HTTP/1.1", "GET /\xe4 HTTP/1.1");
  http::request_head head;
  CHECK(http1::read_request_line(line, head));
}

TEST_CASE("strict: status lines that are refused without the second reader (RS-9, H1-22)") {
  const auto line = GENERATE(as<std::string>{}, "HTTP/1.1 200xOK", "HTTP/1.1 200\t", "HTTP/1.1 20", "HTTP/1.1x200 OK",
                             "HTTP/1.1 200 O\x01K", "HTTP/1.1 099 X", "HTTP/1.1 600 X", "http/1.1 200 OK");
  http::response_head head;
  CHECK(http1::read_status_line(line, head));
}

TEST_CASE("strict: a line with a blank before its colon is refused, or written anew (H1-20)") {
  const std::string bytes = "X \t: 1\r\nY: 2\r\n\r\n";
  http::fields fields;
  std::string_view section = bytes;
  CHECK(http1::read_field_lines(section, 10, http1::blank_before_colon::refused, fields));
  fields.clear();
  section = bytes;
  REQUIRE_FALSE(http1::read_field_lines(section, 10, http1::blank_before_colon::dropped, fields));
  REQUIRE(fields.size() == 2);
  CHECK(fields.begin()->name == "X");
  CHECK(fields.begin()->value == "1");
  CHECK_FALSE(fields.begin()->as_received);  // else the line would be sent as it stands in the buffer
  CHECK((fields.begin() + 1)->as_received);
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

// SPDX-License-Identifier: Apache-2.0
//
// Request heads: specs §7.1 and §7.2. Where a row allows several outcomes, the strictest was taken:
//   H1-1   up to four empty lines before a request line are ignored, a fifth is refused
//   H1-2   a minor version above 1 is read as 1.1; another major version is 505
//   H1-3   an empty Host is refused with an origin-form target, accepted with absolute-, authority- and asterisk-form
//   H1-20  white space before the colon: 400
//   H1-21  obs-fold: 400
//   H1-22  CR, LF, NUL and every other control byte but HTAB in a value: 400
//   H1-23  bare LF: 400
//   CN-6   HTTP/1.0 connections are always closed
#include <catch2/catch.hpp>

#include "http1/decoder.hpp"
#include "unit/http1/decoding.hpp"

using namespace sidespan;
using namespace sidespan::http1;
using namespace sidespan::http1::testing;
using base::fault_code;

namespace {

std::string refusal(fault_code code) { return describe(base::fault(code, base::side::downstream, base::stage::parse)); }

struct row {
  const char* rule;
  std::string bytes;
};

const row refused_with_400[] = {
    {"H1-1 two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-1 two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-1 tab", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-1 trailing space", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
    {"H1-1 leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-1 space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-1 no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-1 empty target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-1 fifth empty line", "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-1 empty method", " / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-1 method no token", "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-1 method non-ASCII", "GE\xc3\x89 / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-2 lower case", "GET / http/1.1\r\nHost: a\r\n\r\n"},
    {"H1-2 no slash", "GET / HTTP1.1\r\nHost: a\r\n\r\n"},
    {"H1-2 two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"},
    {"H1-2 leading zero", "GET / HTTP/01.1\r\nHost: a\r\n\r\n"},
    {"H1-2 no digit", "GET / HTTP/1.x\r\nHost: a\r\n\r\n"},
    {"H1-2 comma", "GET / HTTP/1,1\r\nHost: a\r\n\r\n"},
    {"H1-3 missing", "GET / HTTP/1.1\r\nAccept: a\r\n\r\n"},
    {"H1-3 missing, absolute-form", "GET http://a/ HTTP/1.1\r\nAccept: a\r\n\r\n"},
    {"H1-3 two", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"},
    {"H1-3 two in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
    {"H1-3 list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
    {"H1-3 userinfo", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    {"H1-3 path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {"H1-3 space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {"H1-3 port", "GET / HTTP/1.1\r\nHost: a:66000\r\n\r\n"},
    {"H1-3 invalid in 1.0", "GET / HTTP/1.0\r\nHost: a/b\r\n\r\n"},
    {"H1-3 empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
    {"H1-3 blank", "GET / HTTP/1.1\r\nHost: \t \r\n\r\n"},
    {"H1-6 non-ASCII target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-6 DEL in the target", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-6 NUL in the target", std::string("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 28)},
    {"H1-20 space before colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
    {"H1-20 tab before colon", "GET / HTTP/1.1\r\nHost: a\r\nX\t: a\r\n\r\n"},
    {"H1-21 fold", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n"},
    {"H1-21 fold by tab", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\t2\r\n\r\n"},
    {"H1-21 blank folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n \r\n\r\n"},
    {"H1-21 after the request line", "GET / HTTP/1.1\r\n X: 1\r\nHost: a\r\n\r\n"},
    {"H1-22 NUL", std::string("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 33)},
    {"H1-22 bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n"},
    {"H1-22 bare CR before CRLF", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\r\n\r\n"},
    {"H1-22 bare CR in the request line", "GET /\rHTTP/1.1\r\nHost: a\r\n\r\n"},
    {"H1-22 CR for CRLF", "GET / HTTP/1.1\rHost: a\r\n\r\n"},
    {"H1-22 VT", "GET / HTTP/1.1\r\nHost: a\r\nX: \x0b\r\n\r\n"},
    {"H1-22 DEL", "GET / HTTP/1.1\r\nHost: a\r\nX: 12345678\x7f\r\n\r\n"},
    {"H1-22 empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"},
    {"H1-22 no colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"},
    {"H1-22 name no token", "GET / HTTP/1.1\r\nHost: a\r\nX[]: b\r\n\r\n"},
    {"H1-22 name non-ASCII", "GET / HTTP/1.1\r\nHost: a\r\nX\xe9: b\r\n\r\n"},
    {"H1-22 name with NUL", std::string("GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n", 34)},
    {"H1-23 LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"},
    {"H1-23 LF after a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"},
    {"H1-23 LF for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n"},
    {"H1-23 only LF", "GET / HTTP/1.1\nHost: a\n\n"},
    {"H1-23 leading LF", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"FR-19 HTTP/0.9", "GET /\r\n"},
    {"FR-19 TLS", std::string("\x16\x03\x01\x02\x00\x01\x00", 7)},
    {"FR-19 TLS after an empty line", std::string("\r\n\x16\x03\x01", 5)},
};

struct good_row {
  const char* rule;
  std::string bytes;
  const char* expected;
};

const good_row accepted[] = {
    {"FR-14", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "consumed 27, body none 0, keep\nGET / 1.1\nHost: a\n"},
    {"FR-18 pipelined", "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
     "consumed 28, body none 0, keep\nGET /1 1.1\nHost: a\n"},
    {"H1-1 empty lines", "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
     "consumed 35, body none 0, keep\nGET / 1.1\nHost: a\n"},
    {"H1-2 1.0", "GET / HTTP/1.0\r\n\r\n", "consumed 18, body none 0, close\nGET / 1.0\n"},
    {"CN-6 keep-alive in 1.0", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     "consumed 42, body none 0, close\nGET / 1.0\nConnection: keep-alive\n"},
    {"H1-2 higher minor", "GET / HTTP/1.7\r\nHost: a\r\nX: b\r\n\r\n",
     "consumed 33, body none 0, keep\nGET / 1.1\nHost: a\nX: b\n"},
    {"CN-6 close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n",
     "consumed 49, body none 0, close\nGET / 1.1\nHost: a\nConnection: x, Close\n"},
    {"CN-6 second line", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nconnection: close\r\n\r\n",
     "consumed 61, body none 0, close\nGET / 1.1\nHost: a\nConnection: x\nconnection: close\n"},
    {"H1-3 empty Host, asterisk", "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
     "consumed 29, body none 0, keep\nOPTIONS * 1.1\nHost: \n"},
    {"H1-3 empty Host, absolute", "GET http://b/ HTTP/1.1\r\nHost:\r\n\r\n",
     "consumed 33, body none 0, keep\nGET http://b/ 1.1\nHost: \n"},
    {"H1-3 IPv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
     "consumed 34, body none 0, keep\nGET / 1.1\nHost: [::1]:80\n"},
    {"H1-7", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
     "consumed 35, body none 0, keep\nCONNECT a:1 1.1\nHost: a:1\n"},
    {"H1-10 unknown method", "br-ew /pot HTTP/1.1\r\nHost: a\r\n\r\n",
     "consumed 32, body none 0, keep\nbr-ew /pot 1.1\nHost: a\n"},
    {"H1-22 OWS", "GET / HTTP/1.1\r\nHost:a\r\nX:\t b \tc\t \r\nY:\r\nZ: \r\n\r\n",
     "consumed 47, body none 0, keep\nGET / 1.1\nHost: a\nX: b \tc\nY: \nZ: \n"},
    {"H1-22 obs-text", "GET / HTTP/1.1\r\nHost: a\r\nX: \x80\xa0\xff\r\n\r\n",
     "consumed 35, body none 0, keep\nGET / 1.1\nHost: a\nX: \x80\xa0\xff\n"},
    {"H1-27 case, order, repetition", "GET / HTTP/1.1\r\nhOST: a\r\nB: 1\r\na: 2\r\nB: 3\r\n\r\n",
     "consumed 45, body none 0, keep\nGET / 1.1\nhOST: a\nB: 1\na: 2\nB: 3\n"},
    {"more", "GET / HTTP/1.1\r\nHost: a\r\n\r", "more"},
    {"more", "\r\n", "more"},
    {"more", "", "more"},
};

}  // namespace

TEST_CASE("request head: refuses what specs §7.1 and §7.2 forbid") {
  for (const row& row : refused_with_400) {
    CAPTURE(row.rule, row.bytes);
    CHECK(read_whole(request_reader{}, row.bytes) == refusal(fault_code::http_request_error));
    CHECK(differences_when_split(request_reader{}, row.bytes) == "");
  }
}

TEST_CASE("request head: reads what specs §7.1 and §7.2 allow") {
  for (const good_row& row : accepted) {
    CAPTURE(row.rule, row.bytes);
    CHECK(read_whole(request_reader{}, row.bytes) == row.expected);
    CHECK(differences_when_split(request_reader{}, row.bytes) == "");
  }
}

TEST_CASE("request head: another major version is 505 (H1-2, FR-19)") {
  for (const char* bytes : {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/0.9\r\n",
                            "GET / HTTP/3.1\r\nHost: a\nbroken", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
    CAPTURE(bytes);
    CHECK(read_whole(request_reader{}, bytes) == refusal(fault_code::version_not_supported));
    CHECK(differences_when_split(request_reader{}, bytes) == "");
  }
}

TEST_CASE("request head: every byte in a value, a name and a target") {
  for (int byte = 0; byte < 256; ++byte) {
    CAPTURE(byte);
    const char c = static_cast<char>(byte);
    const auto fits = [&](std::string bytes) { return read_whole(request_reader{}, bytes).starts_with("consumed"); };
    const bool in_value = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    const bool in_target = byte > 0x20 && byte < 0x7f;
    const bool alphanumeric =
        (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
    const bool in_name =
        alphanumeric || (byte != 0 && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
    for (const std::size_t place : {std::size_t{0}, std::size_t{3}, std::size_t{8}, std::size_t{15}, std::size_t{16}}) {
      std::string value = "0123456789abcdefg";
      value[place] = c;
      CHECK(fits("GET / HTTP/1.1\r\nHost: a\r\nX: " + value + "\r\n\r\n") == in_value);
    }
    CHECK(fits("GET / HTTP/1.1\r\nHost: a\r\nX" + std::string(1, c) + "Y: b\r\n\r\n") == (in_name || c == ':'));
    CHECK(fits("GET /x" + std::string(1, c) + "y HTTP/1.1\r\nHost: a\r\n\r\n") == in_target);
    CHECK(fits("GET" + std::string(1, c) + "X / HTTP/1.1\r\nHost: a\r\n\r\n") == in_name);
  }
}

TEST_CASE("request head: a head of exactly the limit passes, one byte more is 431") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789\r\n\r\n";
  request_reader reader;
  reader.limits.head_bytes = head.size();
  CHECK(read_whole(reader, head + "body").starts_with("consumed"));
  CHECK(differences_when_split(reader, head + "body") == "");
  CHECK(read_whole(reader, "\r\n" + head).starts_with("consumed"));
  reader.limits.head_bytes = head.size() - 1;
  CHECK(read_whole(reader, head) == refusal(fault_code::request_header_section_size));
  CHECK(differences_when_split(reader, head) == "");
}

TEST_CASE("request head: one without an end is refused at the limit, not after it") {
  request_reader reader;
  reader.limits.head_bytes = 100;
  const std::string endless = "GET / HTTP/1.1\r\nX: " + std::string(81, 'x');
  REQUIRE(endless.size() == 100);
  CHECK(read_whole(reader, endless.substr(0, 99)) == "more");
  CHECK(read_whole(reader, endless) == refusal(fault_code::request_header_section_size));
}

TEST_CASE("request head: a start line without an end is 414 at the limit") {
  request_reader reader;
  reader.limits.head_bytes = 100;
  const std::string endless = "GET /" + std::string(200, 'x');
  CHECK(read_whole(reader, endless.substr(0, 99)) == "more");
  CHECK(read_whole(reader, endless) == refusal(fault_code::request_uri_too_long));
  CHECK(differences_when_split(reader, endless) == "");
}

TEST_CASE("request head: target of exactly the limit passes, one byte more is 414 (H1-9)") {
  const auto with_target = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  const request_reader reader;
  CHECK(read_whole(reader, with_target(8000)).starts_with("consumed"));
  CHECK(read_whole(reader, with_target(reader.limits.target_bytes)).starts_with("consumed"));
  CHECK(read_whole(reader, with_target(reader.limits.target_bytes + 1)) == refusal(fault_code::request_uri_too_long));
}

TEST_CASE("request head: a method of 32 bytes passes, one byte more is 501 (H1-9)") {
  const auto head = [](std::size_t size) { return std::string(size, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n"; };
  CHECK(read_whole(request_reader{}, head(32)).starts_with("consumed"));
  CHECK(read_whole(request_reader{}, head(33)) == refusal(fault_code::not_implemented));
  CHECK(differences_when_split(request_reader{}, head(33)) == "");
  const std::string bad_byte_further_on = std::string(40, 'M') + " /\xfd HTTP/1.1\r\nHost: a\r\n\r\n";
  CHECK(read_whole(request_reader{}, bad_byte_further_on) == refusal(fault_code::http_request_error));
  CHECK(differences_when_split(request_reader{}, bad_byte_further_on) == "");
}

TEST_CASE("request head: as many fields as allowed pass, one more is 431") {
  request_reader reader;
  reader.limits.field_count = 3;
  const std::string three = "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n";
  CHECK(read_whole(reader, three + "\r\n").starts_with("consumed"));
  CHECK(read_whole(reader, three + "C: 3\r\n\r\n") == refusal(fault_code::request_header_section_size));
}

TEST_CASE("request head: the largest allowed head passes both readings") {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  while (head.size() < 62 * 1024) head += "X-" + std::to_string(head.size()) + ": " + std::string(300, 'x') + "\r\n";
  head += "\r\n";
  CHECK(read_whole(request_reader{}, head).starts_with("consumed " + std::to_string(head.size())));
}

TEST_CASE("request head: the search for the end goes on where it stopped") {
  std::size_t scanned = 0;
  http::request_head head;
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  REQUIRE(decode_request_head(std::string_view(bytes).substr(0, 20), scanned, {}, head)->consumed == 0);
  CHECK(scanned == 20);
  REQUIRE(decode_request_head(std::string_view(bytes).substr(0, 26), scanned, {}, head)->consumed == 0);
  CHECK(scanned == 26);
  CHECK(decode_request_head(bytes, scanned, {}, head)->consumed == bytes.size());
  CHECK(head.method.data() == bytes.data());
}

TEST_CASE("request head: nothing of an earlier message is left in the head") {
  http::request_head head;
  std::size_t scanned = 0;
  const std::string first = "PUT /long HTTP/1.0\r\nA: 1\r\nB: 2\r\n\r\n";
  REQUIRE(decode_request_head(first, scanned, {}, head)->consumed == first.size());
  scanned = 0;
  const std::string second = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  REQUIRE(decode_request_head(second, scanned, {}, head)->consumed == second.size());
  CHECK(describe(head) == "GET / 1.1\nHost: a\n");
}

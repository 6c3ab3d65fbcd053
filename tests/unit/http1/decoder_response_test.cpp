// SPDX-License-Identifier: Apache-2.0
//
// Response heads: specs §7.2 and §7.4. Where a row allows several outcomes, the strictest was taken:
//   H1-20  white space before the colon: removed
//   H1-21  obs-fold: 502
//   RS-3   chunked not last: 502, not read to the close
//   RS-9   a status outside 100 to 599: 502
//   RS-1   a 204 that announces content: its connection is not used again
//   RS-13  no space behind the code: read as an empty reason, because applications write it
#include <catch2/catch.hpp>

#include "http1/decoder.hpp"
#include "unit/http1/decoding.hpp"

using namespace sidespan;
using namespace sidespan::http1;
using namespace sidespan::http1::testing;
using base::fault_code;

namespace {

std::string refusal(fault_code code) {
  return describe(base::fault(code, base::side::upstream, base::stage::read_head));
}

const std::pair<const char*, std::string> refused[] = {
    {"RS-13 a tab after the code", "HTTP/1.1 200\t\r\n\r\n"},
    {"RS-13 nothing but the version", "HTTP/1.1\r\n\r\n"},
    {"RS-13 nothing after the space", "HTTP/1.1 \r\n\r\n"},
    {"9112 §4 two spaces", "HTTP/1.1  200 OK\r\n\r\n"},
    {"9112 §4 two digits", "HTTP/1.1 20 OK\r\n\r\n"},
    {"9112 §4 four digits", "HTTP/1.1 2000 OK\r\n\r\n"},
    {"9112 §4 sign", "HTTP/1.1 +20 OK\r\n\r\n"},
    {"9112 §4 control byte in the reason", "HTTP/1.1 200 O\x01K\r\n\r\n"},
    {"9112 §4 empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n"},
    {"H1-2 major", "HTTP/2.0 200 OK\r\n\r\n"},
    {"H1-2 other protocol", "ICY 200 OK\r\n\r\n"},
    {"H1-2 lower case", "http/1.1 200 OK\r\n\r\n"},
    {"9112 §2.2 no status line", "<html>"},
    {"RS-9", "HTTP/1.1 099 Low\r\n\r\n"},
    {"RS-9", "HTTP/1.1 600 High\r\n\r\n"},
    {"RS-9", "HTTP/1.1 999 High\r\n\r\n"},
    {"RS-9", "HTTP/1.1 000 Zero\r\n\r\n"},
    {"H1-20 white space and no name", "HTTP/1.1 200 OK\r\nA: 1\r\n : 1\r\n\r\n"},
    {"H1-20 white space inside a name", "HTTP/1.1 200 OK\r\nX Y: 1\r\n\r\n"},
    {"H1-20 two lengths", "HTTP/1.1 200 OK\r\nContent-Length : 1\r\nContent-Length: 2\r\n\r\n"},
    {"H1-21", "HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n"},
    {"H1-21", "HTTP/1.1 200 OK\r\n X: 1\r\n\r\n"},
    {"H1-22 NUL", std::string("HTTP/1.1 200 OK\r\nX: \0\r\n\r\n", 25)},
    {"H1-22 bare CR", "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n"},
    {"H1-22 no colon", "HTTP/1.1 200 OK\r\nX\r\n\r\n"},
    {"H1-22 empty name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n"},
    {"H1-23", "HTTP/1.1 200 OK\nX: 1\n\n"},
    {"H1-23", "HTTP/1.1 200 OK\r\nX: 1\n\r\n"},
};

struct row {
  const char* rule;
  std::string_view method;
  std::string bytes;
  const char* expected;
};

const row accepted[] = {
    {"RS-5 until close", "GET", "HTTP/1.1 200 OK\r\n\r\nbody", "consumed 19, body until_close 0, close\n200 OK 1.1\n"},
    {"CN-6 1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n",
     "consumed 38, body known 2, close\n200 OK 1.0\nContent-Length: 2\n"},
    {"CN-6 close", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n",
     "consumed 57, body known 2, close\n200 OK 1.1\nConnection: close\nContent-Length: 2\n"},
    {"H1-2 higher minor", "GET", "HTTP/1.3 200 OK\r\nContent-Length: 2\r\n\r\n",
     "consumed 38, body known 2, keep\n200 OK 1.1\nContent-Length: 2\n"},
    {"9112 §4 empty reason", "GET", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
     "consumed 36, body known 0, keep\n200  1.1\nContent-Length: 0\n"},
    {"RS-13 no space after the code", "GET", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
     "consumed 35, body known 0, keep\n200  1.1\nContent-Length: 0\n"},
    {"RS-13 no space, no field", "GET", "HTTP/1.0 500\r\n\r\n", "consumed 16, body until_close 0, close\n500  1.0\n"},
    {"9112 §4 reason", "GET", "HTTP/1.1 404 N\xf6 \tpe\r\nContent-Length: 0\r\n\r\n",
     "consumed 42, body known 0, keep\n404 N\xf6 \tpe 1.1\nContent-Length: 0\n"},
    {"RS-9 unregistered", "GET", "HTTP/1.1 599 X\r\nContent-Length: 0\r\n\r\n",
     "consumed 37, body known 0, keep\n599 X 1.1\nContent-Length: 0\n"},
    {"RS-1 HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
     "consumed 38, body none 0, keep\n200 OK 1.1\nContent-Length: 7\n"},
    {"RS-1 HEAD chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
     "consumed 47, body none 0, keep\n200 OK 1.1\nTransfer-Encoding: chunked\n"},
    {"RS-1 HEAD bare", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", "consumed 19, body none 0, keep\n200 OK 1.1\n"},
    {"RS-1 100", "POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
     "consumed 25, body none 0, keep\n100 Continue 1.1\n"},
    {"RS-1 103", "GET", "HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\n",
     "consumed 47, body none 0, keep\n103 Early Hints 1.1\nContent-Length: 3\n"},
    {"RS-1 304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
     "consumed 48, body none 0, keep\n304 Not Modified 1.1\nContent-Length: 7\n"},
    {"RS-1 204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", "consumed 27, body none 0, keep\n204 No Content 1.1\n"},
    {"RS-1 204 length 0", "GET", "HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n",
     "consumed 37, body none 0, keep\n204 X 1.1\nContent-Length: 0\n"},
    {"RS-1 204 length 5", "GET", "HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n",
     "consumed 37, body none 0, close\n204 X 1.1\nContent-Length: 5\n"},
    {"RS-1 204 chunked", "GET", "HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n",
     "consumed 46, body none 0, close\n204 X 1.1\nTransfer-Encoding: chunked\n"},
    {"H1-20", "GET", "HTTP/1.1 200 OK\r\nX \t: 1\r\nContent-Length : 2\r\n\r\n",
     "consumed 47, body known 2, keep\n200 OK 1.1\nX: 1\nContent-Length: 2\n"},
    {"H1-20 close", "GET", "HTTP/1.1 200 OK\r\nConnection\t: close\r\nTransfer-Encoding : chunked\r\n\r\n",
     "consumed 68, body unknown 0, close, chunked\n200 OK 1.1\nConnection: close\nTransfer-Encoding: chunked\n"},
    {"RS-2 205", "GET", "HTTP/1.1 205 X\r\nContent-Length: 0\r\n\r\n",
     "consumed 37, body known 0, keep\n205 X 1.1\nContent-Length: 0\n"},
    {"RS-2 205 length 5", "GET", "HTTP/1.1 205 X\r\nContent-Length: 5\r\n\r\n",
     "consumed 37, body known 0, close\n205 X 1.1\nContent-Length: 5\n"},
    {"RS-2 205 chunked", "GET", "HTTP/1.1 205 X\r\nTransfer-Encoding: chunked\r\n\r\n",
     "consumed 46, body known 0, close\n205 X 1.1\nTransfer-Encoding: chunked\n"},
    {"RS-2 205 without framing", "GET", "HTTP/1.1 205 X\r\n\r\n", "consumed 18, body known 0, close\n205 X 1.1\n"},
    {"H1-7 tunnel", "CONNECT", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
     "consumed 38, body none 0, keep\n200 OK 1.1\nContent-Length: 5\n"},
    {"H1-7 no tunnel", "CONNECT", "HTTP/1.1 407 No\r\nContent-Length: 5\r\n\r\n",
     "consumed 38, body known 5, keep\n407 No 1.1\nContent-Length: 5\n"},
    {"9112 §6.3 chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
     "consumed 47, body unknown 0, keep, chunked\n200 OK 1.1\nTransfer-Encoding: chunked\n"},
    {"H1-27", "GET", "HTTP/1.1 200 OK\r\nset-cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
     "consumed 68, body known 0, keep\n200 OK 1.1\nset-cookie: a\nSet-Cookie: b\nContent-Length: 0\n"},
    {"more", "GET", "HTTP/1.1 200 OK\r\nA: b\r\n", "more"},
    {"more", "GET", "HTT", "more"},
};

}  // namespace

TEST_CASE("response head: refuses what specs §7.2 and §7.4 forbid") {
  for (const auto& [rule, bytes] : refused) {
    CAPTURE(rule, bytes);
    CHECK(read_whole(response_reader{}, bytes) == refusal(fault_code::http_protocol_error));
    CHECK(differences_when_split(response_reader{}, bytes) == "");
  }
}

TEST_CASE("response head: reads what specs §7.2 and §7.4 allow") {
  for (const row& row : accepted) {
    CAPTURE(row.rule, row.method, row.bytes);
    response_reader reader;
    reader.method = row.method;
    CHECK(read_whole(reader, row.bytes) == row.expected);
    CHECK(differences_when_split(reader, row.bytes) == "");
  }
}

TEST_CASE("response head: one over the limit is http_response_header_section_size") {
  const std::string head = "HTTP/1.1 200 OK\r\nX: 0123456789\r\n\r\n";
  response_reader reader;
  reader.limits.head_bytes = head.size();
  CHECK(read_whole(reader, head).starts_with("consumed"));
  reader.limits.head_bytes = head.size() - 1;
  CHECK(read_whole(reader, head) == refusal(fault_code::http_response_header_section_size));
  CHECK(differences_when_split(reader, head) == "");
  CHECK(read_whole(reader, "HTTP/1.1 200 " + std::string(100, 'x')) ==
        refusal(fault_code::http_response_header_section_size));
  reader.limits = head_limits{};
  reader.limits.field_count = 0;
  CHECK(read_whole(reader, head) == refusal(fault_code::http_response_header_section_size));
}

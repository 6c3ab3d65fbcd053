// SPDX-License-Identifier: Apache-2.0
//
// Message framing: specs §7.3 FR-1 to FR-9 and their counterparts of §7.4. Where a row allows several outcomes, the
// strictest was taken:
//   FR-1   Content-Length and Transfer-Encoding together: 400 (RS-3: 502)
//   FR-3   a list of other codings before one final chunked: 501; on a response 502
//   FR-4   chunked twice: 400
//   FR-5   empty list members (`,chunked`): 400; white space around it: chunked; Transfer_Encoding: another field
//   FR-6   Transfer-Encoding in HTTP/1.0: 400
//   FR-8   the same Content-Length twice: 400
//   FR-9   2^63 and more: 400; leading zeros are decimal
//   RS-3   an odd Content-Length or transfer coding of a response: 502, also where no content can follow
#include "http1/framing.hpp"

#include <catch2/catch.hpp>

#include "unit/http1/decoding.hpp"

using namespace sidespan;
using namespace sidespan::http1;
using namespace sidespan::http1::testing;
using base::fault_code;

namespace {

struct row {
  const char* rule;
  std::string lines;
  fault_code request;  // none: accepted
  fault_code response;
  const char* body = "";  // when accepted
};

constexpr auto none = fault_code::none;
constexpr auto bad = fault_code::http_request_error;
constexpr auto bad_response = fault_code::http_protocol_error;
constexpr auto bad_coding = fault_code::http_response_transfer_coding;

const row rows[] = {
    {"FR-1", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", bad, bad_response},
    {"FR-1", "Transfer-Encoding: chunked\r\ncontent-length: 0\r\n", bad, bad_response},
    {"FR-1", "Transfer-Encoding: identity\r\nContent-Length: 5\r\n", bad, bad_response},
    {"FR-2", "Transfer-Encoding: chunked, gzip\r\n", bad, bad_coding},
    {"FR-2", "Transfer-Encoding: chunked, identity\r\n", bad, bad_coding},
    {"FR-2", "Transfer-Encoding: xchunked\r\n", bad, bad_coding},
    {"FR-2", "Transfer-Encoding: chunkedx\r\n", bad, bad_coding},
    {"FR-2", "Transfer-Encoding: gzip\r\n", bad, bad_coding},
    {"FR-2", "Transfer-Encoding: identity\r\n", bad, bad_coding},
    {"FR-2", "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", bad, bad_coding},
    {"FR-3", "Transfer-Encoding: gzip, chunked\r\n", fault_code::not_implemented, bad_coding},
    {"FR-3", "Transfer-Encoding: gzip;q=1, Chunked\r\n", fault_code::not_implemented, bad_coding},
    {"FR-3", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", fault_code::not_implemented, bad_coding},
    {"FR-4", "Transfer-Encoding: chunked, chunked\r\n", bad, bad_coding},
    {"FR-4", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", bad, bad_coding},
    {"FR-4", "Transfer-Encoding: chunked, gzip, chunked\r\n", bad, bad_coding},
    {"FR-5, H1-20", "Transfer-Encoding : chunked\r\n", bad, none, "body unknown 0, keep, chunked"},
    {"FR-5", "Transfer-Encoding: chunked\x0b\r\n", bad, bad_response},
    {"FR-5",
     "Transfer-Encoding: \xa0"
     "chunked\r\n",
     bad, bad_coding},
    {"FR-5", "Transfer-Encoding: chunked;q=1\r\n", bad, bad_coding},
    {"FR-5", "Transfer-Encoding: chunked ;q=1, chunked\r\n", bad, bad_coding},
    {"FR-5", "Transfer-Encoding: ,chunked\r\n", bad, bad_coding},
    {"FR-5", "Transfer-Encoding: chunked,\r\n", bad, bad_coding},
    {"FR-5", "Transfer-Encoding: \"chunked\"\r\n", bad, bad_coding},
    {"FR-5", "Transfer-Encoding:\r\n", bad, bad_coding},
    {"FR-5", "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n", bad, bad_coding},
    {"FR-5", "Transfer-Encoding:\r\n chunked\r\n", bad, bad_response},
    {"FR-5", "Transfer-Encoding: chun\r\n ked\r\n", bad, bad_response},
    {"FR-5", "Transfer-Encoding: \tchunked \r\n", none, none, "body unknown 0, keep, chunked"},
    {"FR-5", "transfer-encoding:CHUNKED\r\n", none, none, "body unknown 0, keep, chunked"},
    {"FR-7", "Content-Length: 5\r\nContent-Length: 6\r\n", bad, bad_response},
    {"FR-7", "Content-Length: 5, 6\r\n", bad, bad_response},
    {"FR-8", "Content-Length: 5\r\nContent-Length: 5\r\n", bad, bad_response},
    {"FR-8", "Content-Length: 5, 5\r\n", bad, bad_response},
    {"FR-8", "Content-Length: 5,\r\n", bad, bad_response},
    {"FR-9", "Content-Length: +5\r\n", bad, bad_response},
    {"FR-9", "Content-Length: -1\r\n", bad, bad_response},
    {"FR-9", "Content-Length: 0x5\r\n", bad, bad_response},
    {"FR-9", "Content-Length: 5 5\r\n", bad, bad_response},
    {"FR-9", "Content-Length: 1_0\r\n", bad, bad_response},
    {"FR-9", "Content-Length:\r\n", bad, bad_response},
    {"FR-9", "Content-Length: 5;\r\n", bad, bad_response},
    {"FR-9", "Content-Length: 5.0\r\n", bad, bad_response},
    {"FR-9", "Content-Length: \xd9\xa5\r\n", bad, bad_response},
    {"FR-9", "Content-Length: 9223372036854775808\r\n", bad, bad_response},
    {"FR-9", "Content-Length: 18446744073709551616\r\n", bad, bad_response},
    {"FR-9", "Content-Length: 99999999999999999999999999\r\n", bad, bad_response},
    {"FR-9", "Content-Length: 9223372036854775807\r\n", none, none, "body known 9223372036854775807, keep"},
    {"FR-9", "Content-Length: 0005\r\n", none, none, "body known 5, keep"},
    {"FR-9", "Content-Length: 010\r\n", none, none, "body known 10, keep"},
    {"9112 §6.2", "Content-Length:\t5 \r\n", none, none, "body known 5, keep"},
    {"9112 §6.2", "Content-Length: 0\r\n", none, none, "body known 0, keep"},
};

std::string request(std::string_view method, std::string_view version, std::string_view lines) {
  return std::string(method) + " / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(lines) +
         "\r\nbytes that follow";
}

std::string response(std::string_view lines) {
  return "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\nbytes that follow";
}

void check(std::string_view outcome, const base::fault& expected, std::string_view body) {
  if (expected.code() != none) {
    CHECK(outcome == describe(expected));
  } else {
    CHECK(outcome.find(std::string(body) + "\n") != std::string_view::npos);
  }
}

}  // namespace

TEST_CASE("framing: requests (specs §7.3)") {
  for (const row& row : rows) {
    CAPTURE(row.rule, row.lines);
    const std::string bytes = request("POST", "1.1", row.lines);
    check(read_whole(request_reader{}, bytes), base::fault(row.request, base::side::downstream, base::stage::parse),
          row.body);
    CHECK(differences_when_split(request_reader{}, bytes) == "");
  }
}

TEST_CASE("framing: responses (RS-3)") {
  for (const row& row : rows) {
    CAPTURE(row.rule, row.lines);
    const std::string bytes = response(row.lines);
    check(read_whole(response_reader{}, bytes), base::fault(row.response, base::side::upstream, base::stage::read_head),
          row.body);
    CHECK(differences_when_split(response_reader{}, bytes) == "");
  }
}

TEST_CASE("framing: an odd declaration is refused even where no content can follow (RS-1, RS-3)") {
  for (const row& row : rows) {
    CAPTURE(row.rule, row.lines);
    response_reader reader;
    reader.method = "HEAD";
    check(read_whole(reader, response(row.lines)),
          base::fault(row.response, base::side::upstream, base::stage::read_head), "body none 0, keep");
  }
}

TEST_CASE("framing: Transfer-Encoding in HTTP/1.0 is refused (FR-6)") {
  const std::string line = "Transfer-Encoding: chunked\r\n";
  CHECK(read_whole(request_reader{}, request("POST", "1.0", line)) ==
        describe(base::fault(bad, base::side::downstream, base::stage::parse)));
  CHECK(read_whole(response_reader{}, "HTTP/1.0 200 OK\r\n" + line + "\r\n") ==
        describe(base::fault(bad_response, base::side::upstream, base::stage::read_head)));
}

TEST_CASE("framing: Transfer_Encoding is another field and is never interpreted (FR-5)") {
  const std::string outcome = read_whole(request_reader{}, request("POST", "1.1", "Transfer_Encoding: chunked\r\n"));
  CHECK(outcome == "consumed 56, body none 0, keep\nPOST / 1.1\nHost: a\nTransfer_Encoding: chunked\n");
}

TEST_CASE("framing: content is framed alike for every method (FR-15)") {
  for (const char* method : {"GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "BREW"}) {
    CAPTURE(method);
    CHECK(read_whole(request_reader{}, request(method, "1.1", "Content-Length: 3\r\n")).find("body known 3, keep\n") !=
          std::string::npos);
    CHECK(read_whole(request_reader{}, request(method, "1.1", "")).find("body none 0, keep\n") != std::string::npos);
  }
}

TEST_CASE("framing: a request of HTTP/1.0 may have a Content-Length") {
  CHECK(read_whole(request_reader{}, request("POST", "1.0", "Content-Length: 3\r\n")).find("body known 3, close\n") !=
        std::string::npos);
}

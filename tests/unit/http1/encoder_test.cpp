// SPDX-License-Identifier: Apache-2.0
#include "http1/encoder.hpp"

#include <catch2/catch.hpp>
#include <cstdint>

using namespace sidespan;
using namespace sidespan::http1;
using http::body_size;

namespace {

constexpr std::string_view date = "Sun, 22 Nov 2026 16:10:16 GMT";

std::string request(body_size body, persistence persist = persistence::keep, std::string_view target = "/a") {
  http::request_head head{"POST", "http://shop/a", http::version::http_1_0, {}};
  head.fields.add("hOsT", "shop");
  head.fields.add("Content-Length", "99");
  head.fields.add("B", "1");
  head.fields.add("transfer-encoding", "chunked");
  head.fields.add("b", "2");
  std::string out;
  encode_request_head(head, target, body, persist, out);
  return out;
}

struct response_row {
  const char* rule;
  const char* method;
  int status;
  http::version downstream;
  body_size body;
  const char* received_length;  // nullptr: none
  bool chunks_follow;
  const char* framing;
};

constexpr auto v1_0 = http::version::http_1_0;
constexpr auto v1_1 = http::version::http_1_1;
constexpr body_size no_body{};
constexpr body_size seven{body_size::kind::known, 7};
constexpr body_size unknown{body_size::kind::unknown, 0};
constexpr body_size until_close{body_size::kind::until_close, 0};

constexpr response_row responses[] = {
    {"FR-16 known", "GET", 200, v1_1, seven, "99", false, "Content-Length: 7\r\n"},
    {"FR-16 none", "GET", 200, v1_1, no_body, nullptr, false, "Content-Length: 0\r\n"},
    {"FR-16 chunks", "GET", 200, v1_1, unknown, nullptr, true, "Transfer-Encoding: chunked\r\n"},
    {"FR-16 chunks, never both", "GET", 200, v1_1, unknown, "5", true, "Transfer-Encoding: chunked\r\n"},
    {"RS-5", "GET", 200, v1_1, until_close, nullptr, true, "Transfer-Encoding: chunked\r\n"},
    {"RS-4", "GET", 200, v1_0, unknown, nullptr, false, ""},
    {"RS-4", "GET", 200, v1_0, until_close, nullptr, false, ""},
    {"RS-4 known", "GET", 200, v1_0, seven, nullptr, false, "Content-Length: 7\r\n"},
    {"RS-2 204", "GET", 204, v1_1, no_body, "0", false, ""},
    {"RS-2 204", "GET", 204, v1_1, seven, "7", false, ""},
    {"RS-2 204", "GET", 204, v1_1, unknown, nullptr, false, ""},
    {"RS-2 204 to HEAD", "HEAD", 204, v1_1, no_body, "7", false, ""},
    {"RS-2 CONNECT", "CONNECT", 200, v1_1, no_body, "7", false, ""},
    {"RS-2 CONNECT", "CONNECT", 299, v1_1, unknown, nullptr, false, ""},
    {"RS-2 CONNECT refused", "CONNECT", 407, v1_1, seven, nullptr, false, "Content-Length: 7\r\n"},
    {"RS-2 HEAD keeps", "HEAD", 200, v1_1, no_body, "99", false, "Content-Length: 99\r\n"},
    {"RS-2 HEAD invents nothing", "HEAD", 200, v1_1, no_body, nullptr, false, ""},
    {"RS-2 HEAD, our own", "HEAD", 404, v1_1, seven, nullptr, false, "Content-Length: 7\r\n"},
    {"RS-2 HEAD, no chunks", "HEAD", 200, v1_1, unknown, nullptr, false, ""},
    {"RS-2 HEAD, invalid is not kept", "HEAD", 200, v1_1, no_body, "7, 7", false, ""},
    {"RS-2 HEAD, invalid is not kept", "HEAD", 200, v1_1, no_body, "+7", false, ""},
    {"RS-2 304 keeps", "GET", 304, v1_1, no_body, "99", false, "Content-Length: 99\r\n"},
    {"RS-2 304 invents nothing", "GET", 304, v1_1, no_body, nullptr, false, ""},
    {"RS-2 304 invents nothing", "GET", 304, v1_1, seven, nullptr, false, ""},
    {"RS-2 205", "GET", 205, v1_1, no_body, nullptr, false, "Content-Length: 0\r\n"},
};

}  // namespace

TEST_CASE("encoder: a request has its own version, case and order, and only regenerated framing (H1-2, FR-16)") {
  CHECK(request(no_body) == "POST /a HTTP/1.1\r\nhOsT: shop\r\nB: 1\r\nb: 2\r\n\r\n");
  CHECK(request(seven) == "POST /a HTTP/1.1\r\nhOsT: shop\r\nB: 1\r\nb: 2\r\nContent-Length: 7\r\n\r\n");
  CHECK(request({body_size::kind::known, 0}) ==
        "POST /a HTTP/1.1\r\nhOsT: shop\r\nB: 1\r\nb: 2\r\nContent-Length: 0\r\n\r\n");
  CHECK(request(unknown) == "POST /a HTTP/1.1\r\nhOsT: shop\r\nB: 1\r\nb: 2\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE("encoder: the largest length is written whole") {
  CHECK(request({body_size::kind::known, UINT64_MAX}).find("Content-Length: 18446744073709551615\r\n") !=
        std::string::npos);
}

TEST_CASE("encoder: close is announced (CN-7)") {
  CHECK(request(no_body, persistence::close) ==
        "POST /a HTTP/1.1\r\nhOsT: shop\r\nB: 1\r\nb: 2\r\nConnection: close\r\n\r\n");
}

TEST_CASE("encoder: a query without a path gets its slash (RFC 9112 §3.2.1)") {
  CHECK(request(no_body, persistence::keep, "?q").starts_with("POST /?q HTTP/1.1\r\n"));
  CHECK(request(no_body, persistence::keep, "*").starts_with("POST * HTTP/1.1\r\n"));
  CHECK(request(no_body, persistence::keep, "/?").starts_with("POST /? HTTP/1.1\r\n"));
}

TEST_CASE("encoder: framing of responses (RS-1, RS-2, RS-4, RS-5)") {
  for (const response_row& row : responses) {
    CAPTURE(row.rule, row.method, row.status, row.received_length != nullptr);
    http::response_head head{row.status, "Reason", v1_0, {}};
    head.fields.add("A", "1");
    if (row.received_length != nullptr) head.fields.add("content-length", row.received_length);
    head.fields.add("Date", "then");
    std::string out = "kept";
    CHECK(encode_response_head(head, row.method, row.downstream, row.body, persistence::keep, date, out) ==
          row.chunks_follow);
    CHECK(out ==
          "keptHTTP/1.1 " + std::to_string(row.status) + " Reason\r\nA: 1\r\nDate: then\r\n" + row.framing + "\r\n");
  }
}

TEST_CASE("encoder: received Transfer-Encoding is never copied into a response") {
  http::response_head head{200, "OK", v1_1, {}};
  head.fields.add("Transfer-Encoding", "gzip");
  head.fields.add("Date", "then");
  std::string out;
  encode_response_head(head, "GET", v1_1, seven, persistence::keep, date, out);
  CHECK(out == "HTTP/1.1 200 OK\r\nDate: then\r\nContent-Length: 7\r\n\r\n");
}

TEST_CASE("encoder: two received lengths of a HEAD response are not kept") {
  http::response_head head{200, "OK", v1_1, {}};
  head.fields.add("Content-Length", "7");
  head.fields.add("Content-Length", "8");
  head.fields.add("Date", "then");
  std::string out;
  encode_response_head(head, "HEAD", v1_1, no_body, persistence::keep, date, out);
  CHECK(out == "HTTP/1.1 200 OK\r\nDate: then\r\n\r\n");
}

TEST_CASE("encoder: Date is added when there is none (H1-29)") {
  const http::response_head head{200, "", v1_1, {}};
  std::string out;
  encode_response_head(head, "GET", v1_1, seven, persistence::close, date, out);
  CHECK(out ==
        "HTTP/1.1 200 \r\nDate: Sun, 22 Nov 2026 16:10:16 GMT\r\nContent-Length: 7\r\nConnection: close\r\n\r\n");
}

TEST_CASE("encoder: interim responses have no framing, no date and close nothing (RS-2)") {
  for (const int status : {100, 101, 103, 199}) {
    http::response_head head{status, "X", v1_1, {}};
    head.fields.add("Upgrade", "websocket");
    head.fields.add("Content-Length", "7");
    std::string out;
    CHECK_FALSE(encode_response_head(head, "GET", v1_1, unknown, persistence::close, date, out));
    CHECK(out == "HTTP/1.1 " + std::to_string(status) + " X\r\nUpgrade: websocket\r\n\r\n");
  }
}

TEST_CASE("encoder: chunks") {
  std::string out;
  encode_chunk_head(1, out);
  encode_chunk_head(0x1aBc, out);
  encode_chunk_head(UINT64_MAX, out);
  CHECK(out == "1\r\n1abc\r\nffffffffffffffff\r\n");
  out.clear();
  encode_last_chunk(nullptr, out);
  CHECK(out == "0\r\n\r\n");
  out.clear();
  http::fields trailers;
  trailers.add("Grpc-Status", "0");
  trailers.add("b", "");
  encode_last_chunk(&trailers, out);
  CHECK(out == "0\r\nGrpc-Status: 0\r\nb: \r\n\r\n");
}

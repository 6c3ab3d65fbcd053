// SPDX-License-Identifier: Apache-2.0
#include "http1/beast_reading.hpp"

#include <catch2/catch.hpp>
#include <functional>

using namespace sidespan;
using namespace sidespan::http1;

namespace {

const std::string request = "POST /a HTTP/1.1\r\nHost: a\r\nX:  b \r\nContent-Length: 5\r\n\r\n";
const std::string response = "HTTP/1.1 404 Not Here\r\nTransfer-Encoding: chunked\r\nX: b\r\n\r\n";

http::request_head request_head() {
  http::request_head head{"POST", "/a", http::version::http_1_1, {}};
  head.fields.add("Host", "a");
  head.fields.add("X", "b");
  head.fields.add("Content-Length", "5");
  return head;
}

http::response_head response_head() {
  http::response_head head{404, "Not Here", http::version::http_1_1, {}};
  head.fields.add("Transfer-Encoding", "chunked");
  head.fields.add("X", "b");
  return head;
}

const declared_framing length_5{5, false, false};
const declared_framing chunks{{}, true, false};

bool agrees_on_request(const std::function<void(http::request_head&)>& change) {
  http::request_head head = request_head();
  change(head);
  return beast_agrees(request, head, length_5);
}

bool agrees_on_response(const std::function<void(http::response_head&)>& change) {
  http::response_head head = response_head();
  change(head);
  return beast_agrees(response, head, chunks);
}

}  // namespace

TEST_CASE("second reading: agrees on the same head") {
  CHECK(agrees_on_request([](auto&) {}));
  CHECK(agrees_on_response([](auto&) {}));
}

TEST_CASE("second reading: any difference in a request is seen") {
  CHECK_FALSE(agrees_on_request([](auto& head) { head.method = "PUT"; }));
  CHECK_FALSE(agrees_on_request([](auto& head) { head.target = "/b"; }));
  CHECK_FALSE(agrees_on_request([](auto& head) { head.version = http::version::http_1_0; }));
  CHECK_FALSE(agrees_on_request([](auto& head) { head.fields.set(http::field_id::host, "Host", "b"); }));
  CHECK_FALSE(agrees_on_request([](auto& head) { head.fields.remove(http::field_id::content_length); }));
  CHECK_FALSE(agrees_on_request([](auto& head) { head.fields.add("Y", "c"); }));
  CHECK_FALSE(
      agrees_on_request([](auto& head) { head.fields.remove_if([](const http::field& f) { return f.name == "X"; }); }));
}

TEST_CASE("second reading: any difference in a response is seen") {
  CHECK_FALSE(agrees_on_response([](auto& head) { head.status = 200; }));
  CHECK_FALSE(agrees_on_response([](auto& head) { head.reason = "Not here"; }));
  CHECK_FALSE(agrees_on_response([](auto& head) { head.version = http::version::http_1_0; }));
  CHECK_FALSE(agrees_on_response([](auto& head) { head.fields.add("Y", "c"); }));
}

TEST_CASE("second reading: another framing is seen") {
  CHECK_FALSE(beast_agrees(request, request_head(), {}));
  CHECK_FALSE(beast_agrees(request, request_head(), declared_framing{6, false, false}));
  CHECK_FALSE(beast_agrees(request, request_head(), declared_framing{5, true, false}));
  CHECK_FALSE(beast_agrees(response, response_head(), {}));
  CHECK_FALSE(beast_agrees(response, response_head(), declared_framing{0, true, false}));
}

TEST_CASE("second reading: what Beast itself refuses is a disagreement") {
  http::request_head head{"GET", "/", http::version::http_1_1, {}};
  head.fields.add("Connection", "a b");
  CHECK_FALSE(beast_agrees("GET / HTTP/1.1\r\nConnection: a b\r\n\r\n", head, {}));
}

TEST_CASE("second reading: a higher minor version is read as 1.1") {
  http::request_head head{"GET", "/", http::version::http_1_1, {}};
  head.fields.add("A", "b");
  CHECK(beast_agrees("GET / HTTP/1.9\r\nA: b\r\n\r\n", head, {}));
  CHECK_FALSE(beast_agrees("GET / HTTP/1.9\r\nA: c\r\n\r\n", head, {}));
}

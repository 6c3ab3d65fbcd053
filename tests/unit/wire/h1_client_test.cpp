// SPDX-License-Identifier: Apache-2.0
#include "wire/h1_client.hpp"

#include <catch2/catch.hpp>

#include "support/loopback.hpp"

namespace sidespan::wire::test {
namespace {

using namespace std::chrono_literals;
using base::fault_code;

/// An upstream connection and its far end.
struct asking {
  support::event_loop loop;
  buffer_pool buffers;
  support::connection ends = support::connected(loop);
  h1_client http;

  explicit asking(std::chrono::milliseconds idle = 5s) : http(std::move(ends.near), buffers, {}, idle) {
    http.begin(idle);
  }

  void ask(const char* method = "GET", std::string_view body = {}, bool whole = true) {
    http::request_head head;
    head.method = method;
    head.fields.add("Host", "a");
    http::body_size size;
    if (!body.empty() || !whole) size = {http::body_size::kind::unknown, 0};
    http.put_head(head, "/t", size);
    CHECK(http.write_now(body, whole, nullptr));
  }
  /// The next response in short: status, framing, body, or the token of what went wrong.
  std::string read() {
    const auto head = loop.finish(http.read_head());
    if (!head) return std::string(base::token(head.error().code()));
    std::string out = std::to_string(http.response().status);
    if (http.response().status < 200) return out;
    out += " ";
    while (true) {
      const auto piece = loop.finish(http.read_body());
      if (!piece) return out + "!" + std::string(base::token(piece.error().code()));
      out += piece->bytes;
      if (piece->last) return out;
    }
  }
  std::string answered(std::string_view text, bool then_fin = false) {
    far().send(text);
    if (then_fin) far().shut_write();
    return read();
  }
  support::far_end& far() { return ends.far; }
};

}  // namespace

TEST_CASE("h1_client: the head goes out with the first piece, content of unknown length in chunks") {
  asking a;
  a.ask("POST", "hello", false);
  CHECK(a.far().receive() == "POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  CHECK(a.http.write_now("", true, nullptr));
  CHECK(a.far().receive() == "0\r\n\r\n");
}

TEST_CASE("h1_client: what a response is and whether its connection can be used again") {
  struct row {
    const char* id;
    const char* method;
    const char* bytes;
    const char* result;
    bool reusable;
  };
  static constexpr row table[] = {
      {"length", "GET", "HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nfine", "200 fine", true},
      {"empty", "GET", "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n", "200 ", true},
      {"chunks", "GET", "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n", "200 fine",
       true},
      {"CN-6 close", "GET", "HTTP/1.1 200 Fine\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfine", "200 fine",
       false},
      {"CN-6 1.0", "GET", "HTTP/1.0 200 Fine\r\nContent-Length: 4\r\n\r\nfine", "200 fine", false},
      {"RS-1 HEAD", "HEAD", "HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\n", "200 ", true},
      {"RS-1 HEAD with content", "HEAD", "HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nfine", "200 ", false},
      {"RS-1 HEAD chunked", "HEAD", "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n", "200 ", true},
      {"RS-1 204", "GET", "HTTP/1.1 204 None\r\n\r\n", "204 ", true},
      {"RS-1 204 with a length", "GET", "HTTP/1.1 204 None\r\nContent-Length: 4\r\n\r\n", "204 ", false},
      {"RS-1 304", "GET", "HTTP/1.1 304 Same\r\nContent-Length: 4\r\n\r\n", "304 ", true},
      {"RS-8 bytes behind", "GET", "HTTP/1.1 200 Fine\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 Evil\r\n\r\n", "200 x",
       false},
      {"RS-3 two lengths", "GET", "HTTP/1.1 200 Fine\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
       "http_protocol_error", false},
      {"RS-3 bad chunk", "GET", "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       "200 !http_response_transfer_coding", false},
      {"not HTTP", "GET", "hello there\r\n\r\n", "http_protocol_error", false},
  };
  for (const row& each : table) {
    CAPTURE(each.id);
    asking a;
    a.ask(each.method);
    CHECK(a.answered(each.bytes) == each.result);
    CHECK(a.http.reusable() == each.reusable);
    CHECK_FALSE(a.http.untouched());
  }
}

TEST_CASE("h1_client: a response that ends with its connection (RFC 9112 6.3 item 8, RS-6)") {
  SECTION("until close: a FIN is its end") {
    asking a;
    a.ask();
    CHECK(a.answered("HTTP/1.1 200 Fine\r\n\r\nfine", true) == "200 fine");
    CHECK_FALSE(a.http.reusable());
  }
  SECTION("until close: our own interruption is not its end") {
    asking a;
    a.ask();
    a.far().send("HTTP/1.1 200 Fine\r\n\r\nhalf");
    CHECK(a.loop.finish(a.http.read_head()));
    CHECK(a.loop.finish(a.http.read_body()));
    a.http.interrupt(false);
    const auto piece = a.loop.finish(a.http.read_body());
    REQUIRE_FALSE(piece);
    CHECK(piece.error().code() == fault_code::http_response_incomplete);
  }
  SECTION("a length that is not reached") {
    asking a;
    a.ask();
    CHECK(a.answered("HTTP/1.1 200 Fine\r\nContent-Length: 9\r\n\r\nhalf", true) ==
          "200 half!http_response_incomplete");
    CHECK_FALSE(a.http.reusable());
  }
  SECTION("no last chunk") {
    asking a;
    a.ask();
    CHECK(a.answered("HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", true) ==
          "200 half!http_response_incomplete");
  }
  SECTION("nothing at all: the request may be sent again (RT-1)") {
    asking a;
    a.ask();
    CHECK(a.answered("", true) == "connection_terminated");
    CHECK(a.http.untouched());
  }
  SECTION("a byte of a response: it may not") {
    asking a;
    a.ask();
    CHECK(a.answered("H", true) == "connection_terminated");
    CHECK_FALSE(a.http.untouched());
  }
}

TEST_CASE("h1_client: responses are the same wherever the bytes are cut") {
  const std::string all =
      "HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 200 Fine\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 6\r\n\r\n";
  const auto whole = [](asking& a) -> net::task<std::string> {
    std::string out;
    do {
      const auto head = co_await a.http.read_head();
      if (!head) co_return "fault";
      out += std::to_string(a.http.response().status) + " ";
    } while (a.http.response().status < 200);
    while (true) {
      const auto piece = co_await a.http.read_body();
      if (!piece) co_return "fault";
      out += piece->bytes;
      if (piece->last) co_return out;
    }
  };
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    CAPTURE(cut);
    asking a;
    a.ask();
    a.far().send(all.substr(0, cut));
    const auto out = a.loop.start(whole(a));
    REQUIRE_FALSE(out->has_value());
    a.far().send(all.substr(cut));
    a.loop.until([&out] { return out->has_value(); });
    CHECK(**out == "103 200 hello!");
    CHECK(a.http.response_trailers().size() == 1);
    CHECK(a.http.reusable());
  }
}

TEST_CASE("h1_client: one exchange after the other on a connection") {
  asking a;
  for (int i = 0; i < 3; ++i) {
    if (i > 0) a.http.begin(5s);
    CHECK(a.http.reused() == (i > 0));
    CHECK(a.http.untouched());
    a.ask();
    CHECK(a.answered("HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nfine") == "200 fine");
    CHECK(a.http.reusable());
    CHECK(a.http.quiet());
  }
}

TEST_CASE("h1_client: what makes a connection useless for another exchange") {
  asking a;
  SECTION("a request that was not sent whole") {
    a.ask("POST", "half", false);
    CHECK(a.answered("HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n") == "413 ");
    CHECK_FALSE(a.http.reusable());
  }
  SECTION("content that nobody has read") {
    a.ask();
    a.far().send("HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nfine");
    CHECK(a.loop.finish(a.http.read_head()));
    CHECK_FALSE(a.http.reusable());
  }
  SECTION("an interim response alone") {
    a.ask();
    CHECK(a.answered("HTTP/1.1 100 Continue\r\n\r\n") == "100");
    CHECK_FALSE(a.http.reusable());
  }
  SECTION("an interruption, although everything is complete") {
    a.ask();
    CHECK(a.answered("HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nfine") == "200 fine");
    REQUIRE(a.http.reusable());
    a.http.interrupt(false);
    CHECK_FALSE(a.http.reusable());
  }
}

TEST_CASE("h1_client: an idle connection is quiet until something comes (RS-8)") {
  SECTION("bytes that nobody asked for") {
    asking a;
    REQUIRE(a.http.quiet());
    a.far().send("HTTP/1.1 408 Late\r\n\r\n");
    CHECK_FALSE(a.http.quiet());
  }
  SECTION("a FIN") {
    asking a;
    a.far().shut_write();
    CHECK_FALSE(a.http.quiet());
  }
  SECTION("a reset") {
    asking a;
    a.far().reset();
    CHECK_FALSE(a.http.quiet());
  }
}

TEST_CASE("h1_client: a silent body is connection_read_timeout, also while the request is still being written") {
  asking a(40ms);
  a.ask("POST", "some", false);
  a.far().send("HTTP/1.1 200 Fine\r\nContent-Length: 9\r\n\r\n");
  CHECK(a.loop.finish(a.http.read_head()));
  const auto piece = a.loop.start(a.http.read_body());
  const std::string large(16 << 20, 'x');
  const auto written = a.http.write_now(large, true, nullptr);
  REQUIRE(written);
  REQUIRE_FALSE(*written);
  const auto flushed = a.loop.start(a.http.flush());
  a.loop.until([&] {
    a.far().receive(1 << 20);
    return flushed->has_value() && piece->has_value();
  });
  REQUIRE_FALSE(**piece);
  CHECK((**piece).error().code() == fault_code::connection_read_timeout);
}

TEST_CASE("h1_client: an upstream that stops reading is a time-out") {
  asking a(30ms);
  a.ask("POST", "some", false);
  const std::string large(16 << 20, 'x');
  const auto written = a.http.write_now(large, true, nullptr);
  REQUIRE(written);
  REQUIRE_FALSE(*written);
  const auto flushed = a.loop.finish(a.http.flush());
  REQUIRE_FALSE(flushed);
  CHECK(flushed.error().code() == fault_code::connection_write_timeout);
  CHECK_FALSE(a.http.reusable());
}

}  // namespace sidespan::wire::test

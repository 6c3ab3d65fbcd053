// SPDX-License-Identifier: Apache-2.0
#include "wire/h1_server.hpp"

#include <catch2/catch.hpp>

#include "support/loopback.hpp"

namespace sidespan::wire::test {
namespace {

using namespace std::chrono_literals;
using base::fault_code;

http::response_head head_of(int status) {
  http::response_head head;
  head.status = status;
  head.reason = "Fine";
  head.fields.add("Date", "now");
  return head;
}

constexpr http::body_size sized(std::uint64_t bytes) { return {http::body_size::kind::known, bytes}; }
constexpr http::body_size endless{http::body_size::kind::unknown, 0};

/// A downstream connection and its far end.
struct serving {
  support::event_loop loop;
  buffer_pool buffers;
  support::connection ends = support::connected(loop);
  h1_server http;

  explicit serving(const h1_server_limits& limits = {}) : http(std::move(ends.near), buffers, limits) {}

  /// The target of the next request, or "end", or the token of the fault.
  std::string next() {
    const auto got = loop.finish(http.next());
    if (!got) return std::string(base::token(got.error().code()));
    return *got ? std::string(http.request().target) : "end";
  }
  std::string body() {
    std::string out;
    while (true) {
      const auto piece = loop.finish(http.read_body());
      if (!piece) return out + "!" + std::string(base::token(piece.error().code()));
      out += piece->bytes;
      if (piece->last) return out;
    }
  }
  /// Answers and returns what the far end got.
  std::string answer(std::string_view text, http::body_size size, int status = 200) {
    const auto head = head_of(status);
    http.put_head(head, size);
    CHECK(http.write_now(text, true, nullptr));
    return far().receive();
  }
  support::far_end& far() { return ends.far; }
};

}  // namespace

TEST_CASE("h1_server: pipelined requests come one after the other, answers in order (CN-10)") {
  serving s;
  s.far().send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /3 "
      "HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(s.next() == "/1");
  CHECK(s.answer("x", sized(1)) == "HTTP/1.1 200 Fine\r\nDate: now\r\nContent-Length: 1\r\n\r\nx");
  CHECK(s.http.may_continue());
  CHECK(s.next() == "/2");
  CHECK_FALSE(s.http.idle());
  CHECK(s.body() == "abc");
  s.answer("", sized(0));
  CHECK(s.next() == "/3");
  s.answer("", sized(0));
  s.far().shut_write();
  CHECK(s.next() == "end");
}

TEST_CASE("h1_server: requests are the same wherever the bytes are cut") {
  const std::string all =
      "POST /cut HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nX-Sum: "
      "6\r\n\r\nGET /after HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    CAPTURE(cut);
    serving s;
    s.far().send(all.substr(0, cut));
    const auto head = s.loop.start(s.http.next());
    bool sent = !head->has_value();
    if (sent) s.far().send(all.substr(cut));
    s.loop.until([&head] { return head->has_value(); });
    REQUIRE(**head);
    REQUIRE(s.http.request().target == "/cut");
    std::string body;
    for (bool last = false; !last;) {
      const auto piece = s.loop.start(s.http.read_body());
      if (!piece->has_value()) {
        REQUIRE_FALSE(sent);
        s.far().send(all.substr(cut));
        sent = true;
      }
      s.loop.until([&piece] { return piece->has_value(); });
      REQUIRE(**piece);
      body += (**piece)->bytes;
      last = (**piece)->last;
    }
    CHECK(body == "hello!");
    REQUIRE(s.http.request_trailers().size() == 1);
    s.answer("", sized(0));
    CHECK(s.http.may_continue());
    if (!sent) s.far().send(all.substr(cut));
    CHECK(s.next() == "/after");
  }
}

TEST_CASE("h1_server: how a connection ends between and inside requests") {
  SECTION("a FIN between requests is its end") {
    serving s;
    s.far().shut_write();
    CHECK(s.next() == "end");
  }
  SECTION("a reset between requests, too") {
    serving s;
    s.far().reset();
    CHECK(s.next() == "end");
  }
  SECTION("an empty line begins no request") {
    serving s;
    s.far().send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\r\n");
    CHECK(s.next() == "/1");
    CHECK(s.body() == "hi");
    s.answer("", sized(0));
    const auto got = s.loop.start(s.http.next());
    CHECK(s.http.idle());
    s.far().send("\r\n\r");
    s.far().shut_write();
    s.loop.until([&got] { return got->has_value(); });
    REQUIRE(**got);
    CHECK_FALSE(***got);
  }
  SECTION("a FIN inside a head is a downstream that left") {
    serving s;
    s.far().send("GET /");
    s.far().shut_write();
    const auto got = s.loop.finish(s.http.next());
    REQUIRE_FALSE(got);
    CHECK(got.error().code() == fault_code::downstream_closed);
  }
  SECTION("a FIN behind a request is none (CN-9)") {
    serving s;
    s.far().send("GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
    s.far().shut_write();
    CHECK(s.next() == "/half");
    CHECK_FALSE(s.answer("late", sized(4)).empty());
    CHECK(s.next() == "end");
  }
  SECTION("a FIN inside a body is a downstream that left (FR-17)") {
    serving s;
    s.far().send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nsome");
    s.far().shut_write();
    CHECK(s.next() == "/");
    CHECK(s.body().starts_with("some!"));
  }
}

TEST_CASE("h1_server: a head that needs more than is left for buffers is refused") {
  support::event_loop loop;
  buffer_pool none(1);
  auto ends = support::connected(loop);
  h1_server poor(std::move(ends.near), none, h1_server_limits{});
  ends.far.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");  // what fits into the first buffer is read
  CHECK(loop.finish(poor.next()));
  ends.far.send("GET / HTTP/1.1\r\nHost: a\r\nX-Large: " + std::string(8000, 'x'));
  const auto got = loop.finish(poor.next());
  REQUIRE_FALSE(got);
  CHECK(got.error().code() == fault_code::connection_limit_reached);
}

TEST_CASE("h1_server: of a request that could not be read the first line is known") {
  struct row {
    std::string given;
    std::string line;
  };
  const row rows[] = {
      {"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "GET /a HTTP/1.1"},
      {"\r\n\r\nGET /b HTTP/9.9\r\nHost: a\r\n\r\n", "GET /b HTTP/9.9"},
      {"\x16\x03\x01\x02\xfc\r\n\r\n", "\x16\x03\x01\x02\xfc"},
      {"GET /" + std::string(3000, 'a'), "GET /" + std::string(3000, 'a')},
  };
  for (const row& each : rows) {
    CAPTURE(each.line.substr(0, 20));
    h1_server_limits limits;
    limits.head.head_bytes = limits.head.target_bytes = 2048;
    serving s(limits);
    s.far().send("GET /before HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(s.next() == "/before");
    s.answer("", sized(0));
    s.far().send(each.given);
    CHECK(s.next() != "end");
    CHECK(s.http.request().method.empty());
    CHECK(s.http.first_line() == each.line.substr(0, limits.head.head_bytes));
  }
}

TEST_CASE("h1_server: what expects the impossible has been read all the same (ER-417)") {
  serving s;
  s.far().send("POST /c HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 4\r\n\r\nbody");
  const auto got = s.loop.finish(s.http.next());
  REQUIRE_FALSE(got);
  CHECK(got.error().code() == fault_code::expectation_failed);
  CHECK(s.http.request().method == "POST");
  CHECK(s.http.request().target == "/c");
  CHECK(s.http.request_size().bytes == 4);
}

namespace {

net::task<bool> close_gently(h1_server& http) {
  co_await http.close_gently();
  co_return true;
}

/// Who was too slow is not waited for once more, whatever comes now.
void check_short_linger(serving& s) {
  s.answer("late", sized(4), 408);
  const auto closing = s.loop.start(close_gently(s.http));
  s.loop.until([&] {
    std::size_t sent = 0;
    (void)s.far().send_now("x", sent);
    return closing->has_value();
  });
}

}  // namespace

TEST_CASE("h1_server: a body must keep its rate, on average and only while it is waited for") {
  h1_server_limits limits;
  limits.idle_timeout = 50ms;  // which is the grace, too
  limits.min_rate = 10000;
  limits.linger_silence = 50ms;
  serving s(limits);
  s.far().send("POST /rate HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  CHECK(s.next() == "/rate");
  SECTION("kept") {
    for (int i = 0; i < 20; ++i) {
      s.far().send(std::string(200, 'x'));
      REQUIRE(s.loop.finish(s.http.read_body()));
      s.loop.run_for(10ms);  // the upstream takes its time
    }
  }
  SECTION("not kept, although never silent") {
    bool late = false;
    int pieces = 0;
    while (!late && pieces < 200) {
      const auto piece = s.loop.start(s.http.read_body());
      s.loop.run_for(10ms);
      if (!piece->has_value()) s.far().send("x");
      s.loop.until([&piece] { return piece->has_value(); });
      late = !**piece;
      if (late) CHECK((**piece).error().code() == fault_code::request_timeout);
      ++pieces;
    }
    CHECK(late);
    CHECK(pieces < 15);
    check_short_linger(s);
  }
  SECTION("not kept, silent") {
    const auto piece = s.loop.finish(s.http.read_body());
    REQUIRE_FALSE(piece);
    CHECK(piece.error().code() == fault_code::request_timeout);
    check_short_linger(s);
  }
}

TEST_CASE("h1_server: a body that waits for 100 is not asked for its rate before (CN-1)") {
  h1_server_limits limits;
  limits.min_rate = 1000000;
  serving s(limits);
  s.far().send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  CHECK(s.next() == "/");
  const auto piece = s.loop.start(s.http.read_body());
  s.loop.run_for(20ms);
  CHECK_FALSE(piece->has_value());
  s.far().send("body");
  s.loop.until([&piece] { return piece->has_value(); });
  CHECK(**piece);
}

TEST_CASE("h1_server: time limits") {
  h1_server_limits limits;
  limits.head_timeout = 30ms;
  limits.idle_timeout = limits.keep_alive_timeout = 30ms;
  SECTION("silence between requests ends the connection without a word") {
    serving s(limits);
    CHECK(s.next() == "end");
  }
  SECTION("and so does silence behind an empty line, from which on a head has its own time") {
    limits.head_timeout = 1h;
    serving s(limits);
    s.far().send("\r\n");
    CHECK(s.next() == "end");
    limits.keep_alive_timeout = 1h;
    limits.head_timeout = 30ms;
    serving late(limits);
    const auto got = late.loop.start(late.http.next());
    late.far().send("\r\n");
    late.far().send("GET / HT");
    late.loop.until([&got] { return got->has_value(); });
    REQUIRE_FALSE(**got);
    CHECK((**got).error().code() == fault_code::request_timeout);
  }
  SECTION("a head that does not end is a fault") {
    serving s(limits);
    s.far().send("GET / HT");
    const auto got = s.loop.finish(s.http.next());
    REQUIRE_FALSE(got);
    CHECK(got.error().code() == fault_code::request_timeout);
  }
  SECTION("a head that has begun has no more time, however long its connection may idle") {
    limits.keep_alive_timeout = 1h;
    serving s(limits);
    const auto got = s.loop.start(s.http.next());
    s.far().send("GET / HT");
    s.loop.until([&got] { return got->has_value(); });
    REQUIRE_FALSE(**got);
    CHECK((**got).error().code() == fault_code::request_timeout);
  }
  SECTION("a silent body is a fault, also after something was written meanwhile") {
    serving s(limits);
    s.far().send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    CHECK(s.next() == "/");
    const auto piece = s.loop.start(s.http.read_body());
    http::response_head go_on;
    go_on.status = 100;
    go_on.reason = "Continue";
    CHECK(s.loop.finish(s.http.send_interim(go_on)));
    CHECK(s.far().receive() == "HTTP/1.1 100 Continue\r\n\r\n");
    s.loop.until([&piece] { return piece->has_value(); });
    REQUIRE_FALSE(**piece);
    CHECK((**piece).error().code() == fault_code::request_timeout);
  }
}

TEST_CASE("h1_server: when the connection goes on") {
  struct row {
    const char* id;
    const char* request;
    bool goes_on;
  };
  static constexpr row table[] = {
      {"CN-6 1.1", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"CN-6 close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", false},
      {"CN-6 1.0", "GET / HTTP/1.0\r\n\r\n", false},
      {"CN-6 1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false},
      {"RS-11 content unread", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", false},
      {"no content", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", true},
  };
  for (const row& each : table) {
    CAPTURE(each.id);
    serving s;
    s.far().send(each.request);
    REQUIRE(s.next() == "/");
    const std::string got = s.answer("x", sized(1));
    CHECK(s.http.may_continue() == each.goes_on);
    CHECK((got.find("Connection: close\r\n") == std::string::npos) == each.goes_on);
  }
}

TEST_CASE("h1_server: stays for little content that was announced, else the response says close (RS-11)") {
  struct row {
    const char* request;
    bool stays;
  };
  static constexpr row table[] = {
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", true},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 262144\r\n\r\n", true},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 262145\r\n\r\n", false},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", false},
      {"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\n", false},
  };
  for (const row& each : table) {
    CAPTURE(each.request);
    serving s;
    s.far().send(each.request);
    REQUIRE(s.next() == "/");
    CHECK(s.http.stay_for_content() == each.stays);
    CHECK((s.answer("x", sized(1)).find("Connection: close\r\n") == std::string::npos) == each.stays);
    CHECK_FALSE(s.http.may_continue());  // while it has not come
  }
}

TEST_CASE("h1_server: content behind its response is read, and the next request after it (RS-11)") {
  serving s;
  s.far().send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
  REQUIRE(s.next() == "/");
  REQUIRE(s.http.stay_for_content());
  CHECK(s.answer("x", sized(1)).find("Connection: close\r\n") == std::string::npos);
  s.far().send("abcGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto piece = s.loop.finish(s.http.read_body());
  REQUIRE(piece);
  CHECK(piece->bytes == "abc");
  CHECK(s.http.may_continue());
  REQUIRE(s.next() == "/next");
  s.http.stop_reading();  // what held for one request does not hold for the next
}

TEST_CASE("h1_server: close_after() is announced, abort() is final") {
  serving s;
  s.far().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  s.next();
  SECTION("close_after") {
    s.http.close_after();
    CHECK(s.answer("", sized(0)).find("Connection: close\r\n") != std::string::npos);
    CHECK_FALSE(s.http.may_continue());
  }
  SECTION("abort") {
    s.http.put_head(head_of(200), endless);
    CHECK(s.http.write_now("half", false, nullptr));
    s.http.abort();
    CHECK_FALSE(s.http.may_continue());
    CHECK(s.far().sees_reset());
  }
}

TEST_CASE("h1_server: content of unknown length is framed by the downstream's version (RS-4, RS-5)") {
  SECTION("1.1: chunks, trailers") {
    serving s;
    s.far().send("GET / HTTP/1.1\r\nHost: a\r\nTE: deflate, trailers\r\n\r\n");
    s.next();
    CHECK(s.http.accepts_trailers());
    s.http.put_head(head_of(200), endless);
    CHECK(s.http.write_now("hello", false, nullptr));
    http::fields trailers;
    trailers.add("X-Sum", "1");
    CHECK(s.http.write_now("!", true, &trailers));
    CHECK(s.far().receive() ==
          "HTTP/1.1 200 Fine\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: "
          "1\r\n\r\n");
    CHECK(s.http.may_continue());
  }
  SECTION("1.0: until the end of the connection") {
    serving s;
    s.far().send("GET / HTTP/1.0\r\n\r\n");
    s.next();
    CHECK_FALSE(s.http.accepts_trailers());
    s.http.put_head(head_of(200), endless);
    CHECK(s.http.write_now("hello", true, nullptr));
    CHECK(s.far().receive() == "HTTP/1.1 200 Fine\r\nDate: now\r\nConnection: close\r\n\r\nhello");
    CHECK_FALSE(s.http.may_continue());
  }
}

TEST_CASE("h1_server: who takes trailers (RS-12)") {
  struct row {
    const char* request;
    bool accepts;
  };
  static constexpr row table[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nTE: gzip;q=0.5 ,\tTrailers\r\nTE: x\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nTE: x\r\nTE: trailers\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nTE: xtrailers\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nX-TE: trailers\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nHost: a\r\nTE: trailers\r\n\r\n", false},
  };
  for (const row& each : table) {
    CAPTURE(each.request);
    serving one;
    one.far().send(each.request);
    CHECK(one.next() == "/");
    CHECK(one.http.accepts_trailers() == each.accepts);
  }
}

TEST_CASE("h1_server: expectations (CN-1)") {
  const auto outcome = [](std::string_view version, std::string_view expect) {
    serving one;
    one.far().send("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\nExpect: " + std::string(expect) + "\r\n\r\n");
    const auto got = one.loop.finish(one.http.next());
    return got ? fault_code::none : got.error().code();
  };
  CHECK(outcome("1.1", "100-Continue") == fault_code::none);
  CHECK(outcome("1.1", "x") == fault_code::expectation_failed);
  CHECK(outcome("1.1", "100-continue, x") == fault_code::expectation_failed);
  CHECK(outcome("1.1", "") == fault_code::expectation_failed);
  CHECK(outcome("1.0", "x") == fault_code::none);
}

TEST_CASE("h1_server: interim responses are not for 1.0 (RFC 9110 15.2)") {
  serving s;
  s.far().send("GET / HTTP/1.0\r\n\r\n");
  s.next();
  const http::response_head hints = head_of(103);
  CHECK(s.loop.finish(s.http.send_interim(hints)));
  CHECK(s.far().receive().empty());
}

TEST_CASE("h1_server: nothing is written behind a part of an interim response") {
  h1_server_limits limits;
  limits.idle_timeout = 20ms;
  serving s(limits);
  s.far().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  s.next();
  http::response_head hints = head_of(103);
  const std::string large(100'000, 'x');
  hints.fields.add("Link", large);
  base::result<void> sent;
  for (int i = 0; i < 1000 && sent; ++i) sent = s.loop.finish(s.http.send_interim(hints));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code() == fault_code::connection_write_timeout);
  CHECK(s.http.response_started());
  CHECK_FALSE(s.http.may_continue());
}

TEST_CASE("h1_server: until the first write another head may be put") {
  serving s;
  s.far().send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  s.next();
  s.http.put_head(head_of(200), sized(10));
  CHECK_FALSE(s.http.response_started());
  CHECK(s.answer("", sized(7), 502).starts_with("HTTP/1.1 502 Fine\r\n"));
  CHECK(s.http.response_started());
  // What was asked before must not decide about the answer to what cannot be read.
  s.far().send("GARBAGE\r\n\r\n");
  CHECK(s.next() == "http_request_error");
  CHECK(s.http.request().method.empty());
  CHECK(s.answer("why", sized(3), 400).ends_with("Content-Length: 3\r\n\r\nwhy"));
}

TEST_CASE("h1_server: a body may be larger than every buffer, and slow readers hold the writer back") {
  serving s;
  s.far().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  s.next();
  const std::string large(16 << 20, 'x');
  s.http.put_head(head_of(200), sized(large.size()));
  const auto written = s.http.write_now(large, true, nullptr);
  REQUIRE(written);
  REQUIRE_FALSE(*written);
  const auto flushed = s.loop.start(s.http.flush());
  CHECK_FALSE(flushed->has_value());
  std::size_t got = 0;
  s.loop.until([&] {
    got += s.far().receive(1 << 20).size();
    return flushed->has_value();
  });
  CHECK(**flushed);
  s.loop.until([&] { return (got += s.far().receive(1 << 20).size()) > large.size(); });
  CHECK(s.http.may_continue());
}

TEST_CASE("h1_server: closing gently waits for the other side, not for long and not for everything") {
  serving s;
  const auto closed = [&] {
    const auto close = [](h1_server& http) -> net::task<bool> {
      co_await http.close_gently();
      co_return true;
    };
    return s.loop.start(close(s.http));
  }();
  CHECK(s.far().sees_end());
  CHECK_FALSE(closed->has_value());
  s.far().send("more of a request");
  s.loop.settle();
  CHECK_FALSE(closed->has_value());
  s.far().shut_write();
  s.loop.until([&closed] { return closed->has_value(); });
}

TEST_CASE("h1_server: a caller that announced the end of its connection is not waited for (RFC 9112 §9.6)") {
  serving s;
  s.far().send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(s.next() == "/");
  CHECK_FALSE(s.http.close_at_once());  // it has not been answered
  CHECK(s.answer("hello", sized(5)).ends_with("hello"));
  CHECK(s.http.close_at_once());
  CHECK(s.far().sees_end());
  CHECK_FALSE(s.far().sees_reset());
  CHECK(s.http.close_at_once());  // once more does no harm
}

TEST_CASE("h1_server: a caller that may send more is waited for") {
  serving s;
  const std::string head = GENERATE(
      // it announced nothing
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      // and sends more all the same
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET",
      // its content has not come
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\n");
  s.far().send(head);
  CHECK(s.next() == "/");
  s.http.close_after();
  CHECK(s.answer("hello", sized(5)).ends_with("hello"));
  CHECK_FALSE(s.http.close_at_once());
}

TEST_CASE("h1_server: a caller whose FIN came with its request is waited for, which takes no time") {
  serving s;
  s.far().send("GET / HTTP/1.0\r\n\r\n");
  s.far().shut_write();
  CHECK(s.next() == "/");
  CHECK(s.answer("hello", sized(5)).ends_with("hello"));
  CHECK_FALSE(s.http.close_at_once());
  CHECK(s.loop.finish(close_gently(s.http)));
}

namespace {

/// A request whose content is still to come has been answered, and the connection is being closed.
struct answered_early : serving {
  explicit answered_early(std::string_view framing, const h1_server_limits& limits = {}) : serving(limits) {
    far().send("POST /up HTTP/1.1\r\nHost: a\r\n" + std::string(framing) + "\r\n\r\n");
    next();
    answer("no", sized(2), 413);
    closing = loop.start(close_gently(http));
  }
  bool closed() const { return closing->has_value(); }
  /// Sends until `bytes` of repetitions of `piece` are taken or the connection is closed; how much was taken.
  std::size_t upload(std::string_view piece, std::size_t bytes) {
    std::size_t sent = 0;
    for (int turn = 0; turn < 100000 && sent < bytes && !closed(); ++turn) {
      // The rest of a piece that was cut comes next.
      (void)far().send_now(piece.substr(sent % piece.size(), bytes - sent), sent);
      loop.settle();
    }
    return sent;
  }

  support::outcome<bool> closing;
};

constexpr std::size_t MiB = 1 << 20;
/// Larger than what the kernel takes for a far end that reads no more, and what nobody announced, together.
constexpr std::size_t most_malformed = 12 * MiB;

}  // namespace

TEST_CASE("h1_server: content that was announced is read to its end behind an early answer (CN-8)") {
  SECTION("of a length") {
    answered_early s("Content-Length: 20971520");
    CHECK(s.upload(std::string(50000, 'x'), 20 * MiB) == 20 * MiB);
    CHECK_FALSE(s.closed());
    SECTION("until the other end closes") {
      s.far().shut_write();
      s.loop.until([&] { return s.closed(); });
    }
    SECTION("and what follows it only for a while") {
      CHECK(s.upload(std::string(50000, 'x'), 20 * MiB) < most_malformed);
      CHECK(s.closed());
    }
  }
  SECTION("in chunks") {
    answered_early s("Transfer-Encoding: chunked");
    const std::string chunk = "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
    CHECK(s.upload(chunk, 1000 * chunk.size()) == 1000 * chunk.size());
    CHECK_FALSE(s.closed());
    s.far().send("0\r\n\r\n");
    s.far().shut_write();
    s.loop.until([&] { return s.closed(); });
  }
}

TEST_CASE("h1_server: behind an early answer malformed content is not read for long") {
  const std::string line =
      GENERATE(as<std::string>{}, "x", "1\r\nyy\r\n", "1;a=b\r\nx\r\n", "0\r\nX Y: 1\r\n\r\n", "0\r\n\r\n");
  std::string many;
  while (many.size() < 50000) many += line;
  answered_early s("Transfer-Encoding: chunked");
  s.upload(many, many.size());
  CHECK_FALSE(s.closed());  // a moment is what everybody gets
  CHECK(s.upload(many, 20 * MiB) < most_malformed);
  CHECK(s.closed());
}

TEST_CASE("h1_server: content behind an early answer is not read for ever") {
  h1_server_limits limits;
  limits.linger = 50ms;
  answered_early s("Content-Length: 1000000000", limits);
  s.loop.until([&] {
    std::size_t sent = 0;
    (void)s.far().send_now("x", sent);
    return s.closed();
  });
}

TEST_CASE("h1_server: content that is not read on because it has been answered is not taken for slow") {
  h1_server_limits limits;
  limits.min_rate = 1;
  limits.linger_silence = 150ms;
  support::while_often_enough(70ms, [&limits](auto once_more) {
    serving s(limits);
    s.far().send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
    s.next();
    const auto piece = s.loop.start(s.http.read_body());
    s.http.stop_reading();
    s.loop.until([&piece] { return piece->has_value(); });
    CHECK_FALSE(**piece);
    s.answer("no", sized(2), 413);
    const auto closing = s.loop.start(close_gently(s.http));
    (void)once_more();
    for (int i = 0; i < 90; ++i) {
      std::size_t sent = 0;
      (void)s.far().send_now("x", sent);
      s.loop.run_for(5ms);
      if (!once_more()) return;
    }
    CHECK_FALSE(closing->has_value());
    s.far().close();
    s.loop.until([&closing] { return closing->has_value(); });
  });
}

TEST_CASE("h1_server: who has its answer and sends no more is waited for only for a while") {
  h1_server_limits limits;
  limits.linger_silence = 20ms;
  answered_early s("Content-Length: 1000000000", limits);
  s.loop.until([&] { return s.closed(); });
}

TEST_CASE("h1_server: in a hurry, content behind an early answer is not read for long") {
  h1_server_limits limits;
  limits.linger_silence = 50ms;
  answered_early s("Content-Length: 1000000000", limits);
  s.http.hurry();
  s.loop.until([&] {
    std::size_t sent = 0;
    (void)s.far().send_now("x", sent);
    return s.closed();
  });
}

TEST_CASE("h1_server: interrupted, a waiting request ends the connection") {
  serving s;
  const auto waiting = s.loop.start(s.http.next());
  CHECK(s.http.idle());
  s.http.interrupt(false);
  s.loop.until([&waiting] { return waiting->has_value(); });
  REQUIRE(**waiting);
  CHECK_FALSE(***waiting);
}

}  // namespace sidespan::wire::test

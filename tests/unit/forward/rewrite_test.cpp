// SPDX-License-Identifier: Apache-2.0
#include "forward/rewrite.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/fixed_random.hpp"

namespace sidespan::forward::test {
namespace {

using kind = leg::kind;
using lines = std::vector<std::string>;

leg make_leg(kind of, bool via = true,
             enum listener_settings::forwarded forwarded = listener_settings::forwarded::append) {
  static support::fixed_random random;
  listener_settings settings;
  settings.leg = of;
  settings.via = via;
  settings.forwarded = forwarded;
  return leg(settings, {}, random);
}

lines text_of(const http::fields& fields) {
  lines out;
  for (const http::field& line : fields) out.push_back(std::string(line.name) + ": " + std::string(line.value));
  return out;
}

struct rewriting {
  http::request_head head;
  base::arena arena;
  std::string peer = "192.0.2.7";
  std::string upgrade;
  bool keep_trailers = false;
  bool trusted = true;

  explicit rewriting(std::initializer_list<std::pair<const char*, const char*>> fields) {
    for (const auto& [name, value] : fields) head.fields.add(name, value);
  }
  base::result<void> on(const leg& leg) {
    const request_rewrite how{leg, "app:80", peer, upgrade, keep_trailers, trusted};
    return rewrite_request(head, how, arena);
  }
  lines after(const leg& leg) {
    CHECK(on(leg));
    return text_of(head.fields);
  }
};

const leg inbound = make_leg(kind::inbound, false);
const leg outbound = make_leg(kind::outbound, false);

}  // namespace

TEST_CASE("rewrite: Host is replaced in its place, or added (decision 17)") {
  CHECK(rewriting({{"A", "1"}, {"hOST", "localhost:9001"}, {"B", "2"}}).after(outbound) ==
        lines{"A: 1", "hOST: app:80", "B: 2"});
  CHECK(rewriting({{"A", "1"}}).after(outbound) == lines{"A: 1", "Host: app:80"});
}

TEST_CASE("rewrite: an offered upgrade is made anew in both fields (CN-2)") {
  rewriting with{
      {"Host", "a"}, {"Connection", "upgrade, x-own"}, {"X-Own", "1"}, {"Upgrade", "a, h2c"}, {"TE", "trailers"}};
  with.upgrade = "a";
  with.keep_trailers = true;
  CHECK(with.after(outbound) == lines{"Host: app:80", "Connection: Upgrade", "Upgrade: a"});
}

TEST_CASE("rewrite: inbound says who called, outbound does not (decision 17)") {
  CHECK(rewriting({{"Host", "a"}}).after(inbound) ==
        lines{"Host: app:80", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: http"});
  CHECK(rewriting({{"Host", "a"}}).after(make_leg(kind::forward_proxy, false)) == lines{"Host: app:80"});
}

TEST_CASE("rewrite: what a stranger says of its caller is dropped (H1-30)") {
  rewriting from{{"Host", "a"},
                 {"X-Forwarded-For", "10.0.0.1"},
                 {"Forwarded", "for=10.0.0.1"},
                 {"X-Forwarded-Proto", "https"},
                 {"X-Forwarded-Host", "bank"},
                 {"X-Forwarded-Port", "443"},
                 {"x_forwarded_FOR", "10.0.0.2"},
                 {"X-Real_IP", "10.0.0.3"}};
  const lines own = {"Host: app:80", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: http"};
  using forwarded = enum listener_settings::forwarded;
  SECTION("by whom it is") {
    from.trusted = false;
    CHECK(from.after(inbound) == own);
  }
  SECTION("of everybody where it is replaced") {
    CHECK(from.after(make_leg(kind::inbound, false, forwarded::replace)) == own);
  }
  SECTION("and nothing takes its place where it is stripped") {
    CHECK(from.after(make_leg(kind::inbound, false, forwarded::strip)) == lines{"Host: app:80"});
  }
  SECTION("outbound passes on what the application wrote") {
    from.trusted = false;
    CHECK(from.after(outbound).size() == 8);
  }
}

TEST_CASE("rewrite: names that only resemble those of the caller stay (H1-30)") {
  rewriting from{
      {"Host", "a"}, {"X-Forwarded", "1"}, {"Forwarded-For", "2"}, {"X-Real-IPs", "3"}, {"XForwarded-For", "4"}};
  from.trusted = false;
  CHECK(from.after(make_leg(kind::inbound, false, listener_settings::forwarded::strip)).size() == 5);
}

TEST_CASE("rewrite: X-Forwarded-For is appended to, X-Forwarded-Proto kept (H1-30)") {
  CHECK(rewriting({{"Host", "a"}, {"x-forwarded-for", "10.0.0.1"}, {"X-Forwarded-Proto", "https"}}).after(inbound) ==
        lines{"Host: app:80", "x-forwarded-for: 10.0.0.1, 192.0.2.7", "X-Forwarded-Proto: https"});
  CHECK(rewriting({{"Host", "a"}, {"X-Forwarded-For", ""}, {"X-Forwarded-Proto", "https"}}).after(inbound) ==
        lines{"Host: app:80", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https"});
}

TEST_CASE("rewrite: several X-Forwarded-For lines keep their order, ours is the last (RFC 9110 5.3)") {
  CHECK(rewriting({{"Host", "a"}, {"X-Forwarded-For", "1"}, {"X-Forwarded-For", "2"}, {"X-Forwarded-Proto", "http"}})
            .after(inbound) == lines{"Host: app:80", "X-Forwarded-For: 1", "X-Forwarded-For: 2",
                                     "X-Forwarded-Proto: http", "X-Forwarded-For: 192.0.2.7"});
}

TEST_CASE("rewrite: Via names the version that came in, behind the others (H1-28)") {
  const leg with_via = make_leg(kind::outbound);
  const std::string own(with_via.pseudonym());
  REQUIRE(own.starts_with("sidespan-"));
  CHECK(rewriting({{"Host", "a"}, {"Via", "1.1 other"}}).after(with_via) ==
        lines{"Host: app:80", "Via: 1.1 other", "Via: 1.1 " + own});
  rewriting old({{"Host", "a"}});
  old.head.version = http::version::http_1_0;
  CHECK(old.after(with_via) == lines{"Host: app:80", "Via: 1.0 " + own});
}

TEST_CASE("rewrite: the own pseudonym in any Via line is a loop, another leg's is none") {
  const leg here = make_leg(kind::inbound);
  const leg there = make_leg(kind::inbound);
  REQUIRE(here.pseudonym() != there.pseudonym());
  const std::string own = "1.1 a, 1.1 " + std::string(here.pseudonym());
  rewriting looped({{"Host", "a"}, {"Via", "1.1 first"}, {"Via", own.c_str()}});
  const auto done = looped.on(here);
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == base::fault_code::proxy_loop_detected);
  CHECK(rewriting({{"Host", "a"}, {"Via", own.c_str()}}).on(there));
}

TEST_CASE("rewrite: hop-by-hop fields go, and a Connection field cannot take away what we add (H1-24 to H1-26)") {
  CHECK(rewriting({{"Host", "a"},
                   {"Connection", "x-forwarded-for, x-own, close"},
                   {"X-Own", "1"},
                   {"X-Forwarded-For", "1"},
                   {"Keep-Alive", "1"},
                   {"Proxy-Connection", "close"},
                   {"TE", "trailers"},
                   {"Upgrade", "h2c"},
                   {"Proxy-Authorization", "x"}})
            .after(inbound) == lines{"Host: app:80", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: http"});
}

TEST_CASE("rewrite: a Connection field that nominates Host or framing is refused (H1-26)") {
  for (const char* option : {"host", "Content-Length", "transfer-encoding"}) {
    rewriting bad({{"Host", "a"}, {"Connection", option}});
    const auto done = bad.on(outbound);
    REQUIRE_FALSE(done);
    CHECK(done.error().code() == base::fault_code::http_request_error);
  }
}

TEST_CASE("rewrite: TE is made anew when trailers can be passed on (RS-12)") {
  rewriting with({{"Host", "a"}, {"TE", "trailers"}, {"Connection", "TE"}});
  with.keep_trailers = true;
  CHECK(with.after(outbound) == lines{"Host: app:80", "Connection: TE", "TE: trailers"});
}

TEST_CASE("rewrite: an expectation of a 1.0 downstream is not passed on (CN-1)") {
  rewriting old({{"Host", "a"}, {"Expect", "100-continue"}});
  old.head.version = http::version::http_1_0;
  CHECK(old.after(outbound) == lines{"Host: app:80"});
  CHECK(rewriting({{"Host", "a"}, {"Expect", "100-continue"}}).after(outbound) ==
        lines{"Host: app:80", "Expect: 100-continue"});
}

TEST_CASE("rewrite: a response loses hop-by-hop fields and gets Via, end-to-end fields stay as they are (H1-27)") {
  const leg with_via = make_leg(kind::inbound);
  http::response_head head;
  for (const auto& [name, value] :
       {std::pair{"Set-Cookie", "a"}, {"Connection", "x-own"}, {"set-cookie", "b"}, {"X-Own", "1"}})
    head.fields.add(name, value);
  base::arena arena;
  CHECK(rewrite_response(head, with_via, arena));
  CHECK(text_of(head.fields) ==
        lines{"Set-Cookie: a", "set-cookie: b", "Via: 1.1 " + std::string(with_via.pseudonym())});
}

TEST_CASE("rewrite: a 426 keeps what it demands, any other status loses its Upgrade (CN-2)") {
  base::arena arena;
  for (const int status : {200, 425, 426, 427}) {
    http::response_head head;
    head.status = status;
    head.fields.add("Upgrade", "websocket, h2c");
    head.fields.add("Connection", "upgrade, x-own");
    head.fields.add("X-Own", "1");
    CHECK(rewrite_response(head, inbound, arena));
    CHECK(text_of(head.fields) == (status == 426 ? lines{"Connection: Upgrade", "Upgrade: websocket"} : lines{}));
  }
}

TEST_CASE("rewrite: a response whose Connection nominates framing is http_protocol_error") {
  http::response_head head;
  head.fields.add("Connection", "content-length");
  base::arena arena;
  const auto done = rewrite_response(head, inbound, arena);
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == base::fault_code::http_protocol_error);
  CHECK(done.error().side() == base::side::upstream);
}

}  // namespace sidespan::forward::test

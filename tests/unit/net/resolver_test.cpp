// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.hpp"

#include <catch2/catch.hpp>

#include "net/connector.hpp"
#include "support/loopback.hpp"

namespace sidespan::net::test {
namespace {

using namespace std::chrono_literals;
using base::fault_code;

struct resolving {
  support::event_loop loop;
  resolver names{loop.context};

  std::string ask(const std::string& host, std::chrono::milliseconds limit = 4s) {
    const auto found = loop.finish(names.resolve(host, limit));
    if (!found) return std::string(base::token(found.error().code()));
    std::string out;
    for (const auto& each : *found) out += each.to_string() + " ";
    return out;
  }
};

}  // namespace

TEST_CASE("resolver: a literal answers at once, also after stop()") {
  resolving r;
  CHECK(r.ask("192.0.2.1") == "192.0.2.1 ");
  CHECK(r.ask("2001:db8::1") == "2001:db8::1 ");
  r.names.stop();
  CHECK(r.ask("192.0.2.1") == "192.0.2.1 ");
}

TEST_CASE("resolver: a name is looked up once and then known") {
  resolving r;
  CHECK(r.ask("localhost").find("127.0.0.1 ") != std::string::npos);
  // Without turning the loop for a look-up: a fresh answer needs no waiting.
  const auto again = r.loop.start(r.names.resolve("localhost", 0ms));
  REQUIRE(again->has_value());
  CHECK(**again);
}

TEST_CASE("resolver: several that ask for one name meanwhile all get the answer") {
  resolving r;
  const auto one = r.loop.start(r.names.resolve("localhost", 4s));
  const auto two = r.loop.start(r.names.resolve("localhost", 4s));
  r.loop.until([&] { return one->has_value() && two->has_value(); });
  REQUIRE(**one);
  REQUIRE(**two);
  CHECK(***one == ***two);
}

TEST_CASE("resolver: a name that takes too long is dns_timeout, and its answer is there for the next one") {
  resolving r;
  const auto hasty = r.loop.start(r.names.resolve("localhost", 0ms));
  REQUIRE(hasty->has_value());
  REQUIRE_FALSE(**hasty);
  CHECK((**hasty).error().code() == fault_code::dns_timeout);
  CHECK((**hasty).error().side() == base::side::upstream);
  CHECK(r.ask("localhost").find("127.0.0.1 ") != std::string::npos);
}

TEST_CASE("resolver: stop() fails what waits and refuses what comes") {
  resolving r;
  const auto waiting = r.loop.start(r.names.resolve("localhost", 4s));
  r.names.stop();
  r.loop.until([&waiting] { return waiting->has_value(); });
  CHECK(r.ask("elsewhere.invalid") == "destination_unavailable");
}

TEST_CASE("connector: connects, and says whose fault it is when it cannot") {
  support::event_loop loop;
  connector to(loop.context, loop.wheel);
  std::uint16_t port = 0;
  {
    const support::listening at;
    port = at.port();
    const auto made = loop.finish(to.connect("127.0.0.1", port, 1s));
    REQUIRE(made);
    CHECK((*made)->peer().port() == port);
  }
  const auto refused = loop.finish(to.connect("127.0.0.1", port, 1s));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == fault_code::connection_refused);
  CHECK(refused.error().side() == base::side::upstream);
}

TEST_CASE("connector: after stop() nothing is connected any more") {
  support::event_loop loop;
  connector to(loop.context, loop.wheel);
  const support::listening at;
  to.stop();
  CHECK_FALSE(loop.finish(to.connect("127.0.0.1", at.port(), 1s)));
}

}  // namespace sidespan::net::test

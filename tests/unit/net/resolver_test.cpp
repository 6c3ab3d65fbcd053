// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

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

addresses made_up(const std::string& host) {
  if (host == "hangs.test") std::this_thread::sleep_for(std::chrono::hours(1));
  if (host == "nobody.test") return {};
  return {asio::ip::make_address("192.0.2.7"), asio::ip::make_address("2001:db8::7")};
}

std::atomic<int> asked{0};
addresses fails_the_second_time(const std::string&) {
  if (++asked == 2) return {};
  return {asio::ip::make_address("192.0.2.8")};
}

}  // namespace

TEST_CASE("resolver: names that hang do not keep others waiting") {
  support::event_loop loop;
  resolver names(loop.context, &made_up);
  const auto hanging = loop.start(names.resolve("hangs.test", 4s));
  const auto found = loop.finish(names.resolve("fine.test", 4s));
  REQUIRE(found);
  CHECK(found->size() == 2);
  CHECK_FALSE(hanging->has_value());
  names.stop();
  loop.until([&] { return hanging->has_value(); });
}

TEST_CASE("resolver: a name that nobody knows is dns_error") {
  support::event_loop loop;
  resolver names(loop.context, &made_up);
  const auto found = loop.finish(names.resolve("nobody.test", 4s));
  REQUIRE_FALSE(found);
  CHECK(found.error().code() == fault_code::dns_error);
  CHECK(found.error().side() == base::side::upstream);
}

TEST_CASE("resolver: refresh() asks anew and tells a failure, resolve() keeps the answer before it") {
  support::event_loop loop;
  resolver names(loop.context, &fails_the_second_time);
  asked = 0;
  REQUIRE(loop.finish(names.resolve("a.test", 4s)));
  CHECK_FALSE(loop.finish(names.refresh("a.test", 4s)));
  CHECK(asked == 2);
  CHECK(loop.finish(names.resolve("a.test", 4s)));
}

TEST_CASE("resolver: one that goes while a name is looked up is not missed by the look-up") {
  support::event_loop loop;
  {
    resolver names(loop.context, &made_up);
    const auto waiting = loop.start(names.resolve("fine.test", 4s));
    names.stop();
    loop.until([&] { return waiting->has_value(); });
  }
  loop.context.poll();
}

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

}  // namespace sidespan::net::test

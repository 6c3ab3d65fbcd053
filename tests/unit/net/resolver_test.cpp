// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "support/loopback.hpp"
#include "unit/net/hanging_names.hpp"

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

base::result<addresses> made_up(const std::string& host) {
  if (host == "hangs.test") std::this_thread::sleep_for(std::chrono::hours(1));
  if (host == "nobody.test") return addresses();
  return addresses{asio::ip::make_address("192.0.2.7"), asio::ip::make_address("2001:db8::7")};
}

std::atomic<int> asked{0};
base::result<addresses> fails_the_second_time(const std::string&) {
  if (++asked == 2) return addresses();
  return addresses{asio::ip::make_address("192.0.2.8")};
}

std::chrono::steady_clock::duration passed{};
std::chrono::steady_clock::time_point test_now() { return std::chrono::steady_clock::time_point(1h) + passed; }

base::result<addresses> counted(const std::string& host) {
  ++asked;
  return made_up(host);
}

base::result<addresses> out_of_files_at_first(const std::string& host) {
  if (++asked == 1)
    return base::fault(fault_code::connection_limit_reached, base::side::internal, base::stage::resolve);
  return made_up(host);
}

}  // namespace

TEST_CASE("resolver: when every thread hangs, who waits long gets one more") {
  beside_hanging_names b(resolver::usual_threads, 5ms);
  CHECK(b.loop.finish(b.names.resolve("fine.test", 4s)));
  CHECK(b.loop.finish(b.names.resolve("other.test", 4s)));
  CHECK(hanging_names::asked("hangs") == resolver::usual_threads);
}

TEST_CASE("resolver: before that, names wait for each other") {
  beside_hanging_names b(resolver::usual_threads, 1h);
  const auto found = b.loop.finish(b.names.resolve("fine.test", 20ms));
  REQUIRE_FALSE(found);
  CHECK(found.error().code() == fault_code::dns_timeout);
  CHECK(std::string_view(found.error().detail()).starts_with("never asked for"));
  SECTION("and what nobody waits for any more is not looked up") {
    hanging_names::open();
    CHECK(b.loop.finish(b.names.resolve("other.test", 4s)));
    CHECK(hanging_names::asked("fine") == 0);
    CHECK(b.loop.finish(b.names.resolve("fine.test", 4s)));  // unless it is asked for again
  }
  SECTION("one that somebody else waits for stays in the queue") {
    const auto patient = b.loop.start(b.names.resolve("fine.test", 4s));
    CHECK_FALSE(b.loop.finish(b.names.resolve("fine.test", 20ms)));
    hanging_names::open();
    b.loop.until([&] { return patient->has_value(); });
    CHECK(**patient);
  }
}

TEST_CASE("resolver: however many names hang, threads are bounded") {
  beside_hanging_names b(resolver::most_threads + 20, 5ms);
  b.loop.until([] { return hanging_names::asked("hangs") == resolver::most_threads; });
  CHECK_FALSE(b.loop.finish(b.names.resolve("fine.test", 50ms)));
  CHECK(hanging_names::asked("") == resolver::most_threads);
  hanging_names::open();
  for (const auto& each : b.waiting) b.loop.until([&] { return each->has_value(); });
  CHECK(b.loop.finish(b.names.resolve("fine.test", 4s)));
}

TEST_CASE("resolver: of the names that wait behind those that hang there is a most, and one more is refused at once") {
  beside_hanging_names b(resolver::usual_threads, 1h);
  b.loop.until([] { return hanging_names::asked("hangs") == resolver::usual_threads; });
  for (std::size_t i = 0; i < resolver::most_waiting; ++i)
    b.waiting.push_back(b.loop.start(b.names.resolve("fine" + std::to_string(i) + ".test", 1h)));
  const auto refused = b.loop.finish(b.names.resolve("other.test", 1h));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == fault_code::destination_unavailable);
  const auto same = b.loop.start(b.names.resolve("fine7.test", 1h));  // waits with the one before
  CHECK_FALSE(same->has_value());
  hanging_names::open();
  for (const auto& each : b.waiting) b.loop.until([&] { return each->has_value(); });
  CHECK(b.loop.finish(b.names.resolve("other.test", 4s)));
  CHECK(**same);
}

TEST_CASE("resolver: names that hang do not keep others waiting") {
  support::event_loop loop;
  resolver names(loop.context, {&made_up, &std::chrono::steady_clock::now, 1h});
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

TEST_CASE("resolver: an answer is good for ten seconds, a failure for one") {
  support::event_loop loop;
  resolver names(loop.context, {&counted, &test_now});
  asked = 0;
  const auto known = [&](const char* host) { return bool(loop.finish(names.resolve(host, 4s))); };
  CHECK(known("fine.test"));
  CHECK_FALSE(known("nobody.test"));
  CHECK(asked == 2);
  passed += 999ms;
  CHECK_FALSE(known("nobody.test"));
  CHECK(asked == 2);
  passed += 1ms;
  CHECK_FALSE(known("nobody.test"));
  CHECK(asked == 3);
  passed += 8999ms;
  CHECK(known("fine.test"));
  CHECK(asked == 3);
  passed += 1ms;
  CHECK(known("fine.test"));  // by what was known
  loop.until([] { return asked == 4; });
}

TEST_CASE("resolver: a stale answer serves also when the room for names is used up") {
  support::event_loop loop;
  resolver names(loop.context, {&counted, &test_now});
  asked = 0;
  REQUIRE(loop.finish(names.resolve("fine.test", 4s)));
  for (int i = 0; i < 1100; ++i) (void)loop.finish(names.resolve("n" + std::to_string(i) + ".test", 4s));
  REQUIRE(asked == 1101);
  REQUIRE(loop.finish(names.resolve("fine.test", 4s)));
  const int before = asked;
  for (int i = 0; i < 1022; ++i) (void)loop.finish(names.resolve("m" + std::to_string(i) + ".test", 4s));
  passed += 10s;
  const auto stale = loop.finish(names.resolve("fine.test", 4s));
  REQUIRE(stale);
  CHECK(stale->size() == 2);
  loop.until([&] { return asked > before + 1022; });
}

TEST_CASE("resolver: out of descriptors is said, and says nothing of the name") {
  support::event_loop loop;
  resolver names(loop.context, &out_of_files_at_first);
  asked = 0;
  const auto found = loop.finish(names.resolve("fine.test", 4s));
  REQUIRE_FALSE(found);
  CHECK(found.error().code() == fault_code::connection_limit_reached);
  CHECK(loop.finish(names.resolve("fine.test", 4s)));
}

TEST_CASE("resolver: the system says when it is out of descriptors") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 0;
  setrlimit(RLIMIT_NOFILE, &none);
  const auto found = look_up_name("localhost");
  setrlimit(RLIMIT_NOFILE, &before);
  REQUIRE_FALSE(found);
  CHECK(found.error().code() == fault_code::connection_limit_reached);
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

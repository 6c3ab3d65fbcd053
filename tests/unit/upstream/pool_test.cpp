// SPDX-License-Identifier: Apache-2.0
#include "upstream/pool.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <fstream>
#include <functional>
#include <vector>

#include "support/loopback.hpp"
#include "unit/upstream/grouping.hpp"
#include "upstream/raw_place.hpp"

namespace sidespan::upstream::test {
namespace {

using namespace std::chrono_literals;

/// A pool and an upstream whose side of each connection the test plays.
struct pooling {
  support::event_loop loop;
  support::listening at;
  wire::buffer_pool buffers;
  upstream::pool pool;
  endpoint where{"127.0.0.1", at.port()};
  std::deque<support::far_end> far;

  explicit pooling(const pool_settings& settings = keeping(128)) : pool(loop.context, loop.wheel, buffers, settings) {}

  pool::lease connect() {
    auto made = loop.finish(pool.connect(where, {}));
    REQUIRE(made);
    far.push_back(at.accept());
    return std::move(*made);
  }
  /// A whole exchange over the lease, the far end being the `index`th connection.
  void exchange(pool::lease& lease, std::size_t index,
                std::string_view response = "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n",
                http::body_size content = {}) {
    http::request_head head;
    head.method = content.present() ? "PUT" : "GET";
    lease.exchange().put_head(head, "/", content);
    REQUIRE(lease.exchange().write_now(std::string(content.bytes, 'x'), true, nullptr));
    far[index].send(response);
    REQUIRE(loop.finish(lease.exchange().read_head()));
  }
  /// One more that idles, whatever idles already.
  void warm_beside() {
    auto lease = connect();
    exchange(lease, far.size() - 1);
  }
  /// One connection that idles.
  void warm(std::uint64_t exchanges = 1, http::body_size last = {}) {
    auto lease = connect();
    const std::size_t index = far.size() - 1;
    for (std::uint64_t i = 1; i < exchanges; ++i) {
      exchange(lease, index);
      lease.give_back();
      lease = pool.take_idle(where, {});
      REQUIRE(lease);
    }
    exchange(lease, index, "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n", last);
  }
};

}  // namespace

TEST_CASE("pool: of all clusters together no more than so many are open, and idle ones give way") {
  pooling p;
  for (int i = 0; i < 3; ++i) p.warm_beside();
  CHECK(p.pool.idle_count() == 3);
  p.pool.keep_open(2);
  CHECK(p.pool.idle_count() == 2);
  auto lease = p.connect();
  CHECK(p.pool.idle_count() == 1);
  p.exchange(lease, 3);
  lease.give_back();
  CHECK(p.pool.idle_count() == 2);
  p.pool.keep_open(3);
  p.warm_beside();
  CHECK(p.pool.idle_count() == 3);
  p.pool.keep_open(0);
  CHECK(p.pool.idle_count() == 0);
  CHECK_FALSE(p.pool.close_one_idle());
}

TEST_CASE("pool: what requests need is opened beyond the limit, and closes when it comes back") {
  pooling p;
  p.pool.keep_open(2);
  std::vector<pool::lease> leases;
  for (std::size_t i = 0; i < 3; ++i) {
    leases.push_back(p.connect());
    p.exchange(leases.back(), i);
  }
  leases[0].give_back();
  CHECK(p.pool.idle_count() == 0);
  CHECK(p.far[0].sees_end());
  leases[1].give_back();
  leases[2].give_back();
  CHECK(p.pool.idle_count() == 2);
  for (int i = 0; i < 9; ++i) {  // and serve again from now on
    auto again = p.pool.take_idle(p.where, {});
    REQUIRE(again);
    p.exchange(again, 2);
  }
  CHECK(p.pool.idle_count() == 2);
}

TEST_CASE("pool: at the limit the connection gives way that is the next to expire, of whatever upstream") {
  pooling p;
  const support::listening elsewhere;
  const endpoint other{"127.0.0.1", elsewhere.port()};
  const bool elsewhere_first = GENERATE(true, false);
  p.pool.configure(keeping(128, elsewhere_first ? 30s : 20s));
  p.warm();
  p.pool.configure(keeping(128, elsewhere_first ? 20s : 30s));
  auto lease = p.loop.finish(p.pool.connect(other, {}));
  REQUIRE(lease);
  p.far.push_back(elsewhere.accept());
  p.exchange(*lease, 1);
  lease->give_back();
  REQUIRE(p.pool.close_one_idle());
  CHECK(p.far[elsewhere_first ? 1 : 0].sees_end());
  CHECK_FALSE(p.far[elsewhere_first ? 0 : 1].sees_end());
}

TEST_CASE("pool: a connection outside of the clusters counts while somebody has a place for it") {
  pooling p;
  for (int i = 0; i < 2; ++i) p.warm_beside();
  p.pool.keep_open(2);
  {
    const raw_place place(p.pool);
    CHECK(p.pool.idle_count() == 1);
    p.warm_beside();
    CHECK(p.pool.idle_count() == 1);
  }
  p.warm_beside();
  CHECK(p.pool.idle_count() == 2);
}

TEST_CASE("pool: what did not connect, was dead or expired is not among those that are open") {
  pooling p(keeping(128, 30ms));
  std::uint16_t dead = 0;
  {
    const support::listening gone;
    dead = gone.port();
  }
  CHECK_FALSE(p.loop.finish(p.pool.connect(endpoint{"127.0.0.1", dead}, {})));
  (void)p.connect();
  p.warm();
  p.far.back().reset();
  CHECK_FALSE(p.pool.take_idle(p.where, {}));
  p.warm();
  p.loop.until([&p] { return p.pool.idle_count() == 0; });
  p.pool.configure(keeping(128));
  p.pool.keep_open(2);
  for (int i = 0; i < 2; ++i) p.warm_beside();
  CHECK(p.pool.idle_count() == 2);
}

TEST_CASE("pool: a complete exchange gives its connection back, the next one takes it") {
  pooling p;
  CHECK_FALSE(p.pool.take_idle(p.where, {}));
  p.warm();
  CHECK(p.pool.idle_count() == 1);
  auto lease = p.pool.take_idle(p.where, {});
  REQUIRE(lease);
  CHECK(lease.exchange().reused());
  CHECK(p.pool.idle_count() == 0);
  p.exchange(lease, 0);
  lease.give_back();
  CHECK_FALSE(lease);
  CHECK(p.pool.idle_count() == 1);
}

TEST_CASE("pool: a connection that cannot serve again is closed") {
  pooling p;
  SECTION("unused") { (void)p.connect(); }
  SECTION("the upstream said close") {
    auto lease = p.connect();
    p.exchange(lease, 0, "HTTP/1.1 200 Fine\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  }
  SECTION("content unread") {
    auto lease = p.connect();
    p.exchange(lease, 0, "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\n\r\nhello");
  }
  SECTION("interrupted") {
    auto lease = p.connect();
    p.exchange(lease, 0);
    lease.exchange().interrupt(false);
  }
  CHECK(p.pool.idle_count() == 0);
  CHECK(p.far[0].sees_end());
}

TEST_CASE("pool: the connection used last is taken first") {
  pooling p;
  auto first = p.connect();
  auto second = p.connect();
  p.exchange(first, 0);
  p.exchange(second, 1);
  first.give_back();
  second.give_back();
  auto taken = p.pool.take_idle(p.where, {});
  REQUIRE(taken);
  p.exchange(taken, 1);  // it reads what the second far end sends
}

TEST_CASE("pool: what happened to an idle connection is looked at before it is used (RFC 9112 9.3.1, RS-8)") {
  pooling p;
  p.warm();
  SECTION("closed") { p.far[0].shut_write(); }
  SECTION("reset") { p.far[0].reset(); }
  SECTION("bytes that nobody asked for") { p.far[0].send("HTTP/1.1 200 Evil\r\n\r\n"); }
  CHECK_FALSE(p.pool.take_idle(p.where, {}));
  CHECK(p.pool.idle_count() == 0);
}

TEST_CASE("pool: what can be repeated takes what the loop has heard nothing of, anything else asks the kernel") {
  pooling p;
  p.warm(connection::proven);
  p.loop.settle();
  pool::limits then;
  then.repeatable = GENERATE(true, false);
  SECTION("nothing happened") { CHECK(p.pool.take_idle(p.where, then)); }
  SECTION("closed, and the loop has not come round since") {
    p.far[0].shut_write();
    CHECK(bool(p.pool.take_idle(p.where, then)) == then.repeatable);
  }
  SECTION("closed, and the loop has come round") {
    p.far[0].shut_write();
    p.loop.settle();
    CHECK_FALSE(p.pool.take_idle(p.where, then));
  }
  SECTION("reset") {
    p.far[0].reset();
    p.loop.settle();
    CHECK_FALSE(p.pool.take_idle(p.where, then));
  }
  SECTION("bytes that nobody asked for (RS-8)") {
    p.far[0].send("HTTP/1.1 200 Evil\r\nContent-Length: 4\r\n\r\nevil");
    p.loop.settle();
    CHECK_FALSE(p.pool.take_idle(p.where, then));
    CHECK(p.pool.idle_count() == 0);
  }
}

TEST_CASE("pool: a connection that was taken and given back again is as good as before") {
  pooling p;
  p.warm();
  pool::limits then;
  then.repeatable = true;
  for (int i = 0; i < 3; ++i) {
    p.loop.settle();
    auto held = p.pool.take_idle(p.where, then);
    REQUIRE(held);
    p.exchange(held, 0);
    held.give_back();
  }
  p.far[0].shut_write();
  p.loop.settle();
  CHECK_FALSE(p.pool.take_idle(p.where, then));
}

TEST_CASE("pool: who has not kept a connection for long, or may not have read its content, is asked each time") {
  pooling p;
  SECTION("99 exchanges") { p.warm(connection::proven - 1); }
  SECTION("content") { p.warm(connection::proven, {http::body_size::kind::known, 4}); }
  p.loop.settle();
  p.far[0].shut_write();
  pool::limits then;
  then.repeatable = true;
  CHECK_FALSE(p.pool.take_idle(p.where, then));
}

TEST_CASE("pool: after a failure every idle connection of the endpoint is asked") {
  pooling p;
  p.warm(connection::proven);
  auto other = p.loop.finish(p.pool.connect(p.where, {}));
  REQUIRE(other);
  p.loop.settle();
  p.far[0].shut_write();
  const int what = GENERATE(0, 1, 2);
  if (what == 1) other->failed();
  if (what == 2) other->ended_unanswered();
  pool::limits then;
  then.repeatable = true;
  CHECK(bool(p.pool.take_idle(p.where, then)) == (what == 0));
}

TEST_CASE("pool: a dead connection does not hide a good one") {
  pooling p;
  auto first = p.connect();
  auto second = p.connect();
  p.exchange(first, 0);
  p.exchange(second, 1);
  first.give_back();
  second.give_back();
  p.far[1].reset();  // the one that would be taken first
  CHECK(p.pool.take_idle(p.where, {}));
}

TEST_CASE("pool: an idle connection expires") {
  pooling p(keeping(128, 30ms));
  p.warm();
  CHECK(p.pool.idle_count() == 1);
  p.loop.until([&p] { return p.pool.idle_count() == 0; });
  CHECK(p.far[0].sees_end());
  p.warm();
  auto taken = p.pool.take_idle(p.where, {});
  REQUIRE(taken);
  p.loop.run_for(80ms);  // in use it does not
  p.exchange(taken, 1);
}

TEST_CASE("pool: no more idle connections per endpoint than allowed, the oldest goes") {
  pooling p(keeping(2));
  std::vector<pool::lease> leases;
  for (std::size_t i = 0; i < 3; ++i) {
    leases.push_back(p.connect());
    p.exchange(leases.back(), i);
  }
  for (auto& each : leases) each.give_back();
  CHECK(p.pool.idle_count() == 2);
  CHECK(p.far[0].sees_end());
  CHECK_FALSE(p.far[1].sees_end());
  CHECK_FALSE(p.far[2].sees_end());
}

TEST_CASE("pool: 0 keeps none") {
  pooling p(keeping(0));
  p.warm();
  CHECK(p.pool.idle_count() == 0);
  CHECK(p.far[0].sees_end());
}

TEST_CASE("pool: endpoints do not share connections") {
  pooling p;
  p.warm();
  CHECK_FALSE(p.pool.take_idle({"127.0.0.1", static_cast<std::uint16_t>(p.where.port ^ 1)}, {}));
  CHECK_FALSE(p.pool.take_idle({"localhost", p.where.port}, {}));
  CHECK(p.pool.take_idle(p.where, {}));
}

TEST_CASE("pool: after close_idle() nothing idles, nothing comes back, nothing is connected") {
  pooling p;
  p.warm();
  auto used = p.connect();
  p.exchange(used, 1);
  p.pool.close_idle();
  CHECK(p.far[0].sees_end());
  used.give_back();
  CHECK(p.pool.idle_count() == 0);
  CHECK(p.far[1].sees_end());
  CHECK_FALSE(p.loop.finish(p.pool.connect(p.where, {})));
}

TEST_CASE("pool: a lease that moves gives back once") {
  pooling p;
  auto lease = p.connect();
  p.exchange(lease, 0);
  pool::lease other = std::move(lease);
  CHECK_FALSE(lease);  // NOLINT(bugprone-use-after-move)
  auto third = p.connect();
  p.exchange(third, 1);
  third = std::move(other);  // what it held goes back
  CHECK(p.pool.idle_count() == 1);
  third.give_back();
  CHECK(p.pool.idle_count() == 2);
}

TEST_CASE("pool: tells of every connection that opens and closes") {
  heard told;
  {
    support::event_loop loop;
    const support::listening at;
    wire::buffer_pool buffers;
    pool counted(loop.context, loop.wheel, buffers, keeping(128));
    counted.tell(&told);
    const endpoint where{"127.0.0.1", at.port()};
    auto first = loop.finish(counted.connect(where, {}));
    auto second = loop.finish(counted.connect(where, {}));
    REQUIRE((first && second));
    CHECK(told.open == 2);
    first->give_back();  // not complete: closed
    CHECK(told.open == 1);
  }
  CHECK(told.open == 0);
  CHECK(told.most == 2);
}

TEST_CASE("pool: requests are spread over the endpoints of a cluster, and come back to their connections") {
  grouping g;
  auto first = g.connect();
  auto second = g.connect();
  CHECK(g.port(first) != g.port(second));
  g.serve(first);
  g.serve(second);
  first.give_back();
  second.give_back();
  CHECK(g.pool.idle_count() == 2);
  auto again = g.pool.take_idle(g.of(), {});
  REQUIRE(again);
  const auto last = g.port(again);
  again = g.pool.take_idle(g.of(), {});
  REQUIRE(again);
  CHECK(g.port(again) != last);
}

TEST_CASE("pool: an endpoint that refuses is passed over and left alone") {
  grouping g;
  std::uint16_t dead = 0;
  {
    const support::listening gone;
    dead = gone.port();
  }
  g.settings.endpoints[0].port = dead;
  std::vector<pool::lease> leases;
  for (int i = 0; i < 4; ++i) leases.push_back(g.connect());
  for (auto& each : leases) CHECK(g.port(each) == g.two.port());
  CHECK(g.told.all == std::vector<event>{event::ejected});
}

namespace {

/// No file can be opened while this lives.
class no_files {
 public:
  no_files() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);
    ::close(next);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~no_files() { setrlimit(RLIMIT_NOFILE, &before_); }
  no_files(const no_files&) = delete;
  no_files& operator=(const no_files&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("pool: out of descriptors, an idle connection of another upstream gives up its own") {
  grouping g;
  const support::listening elsewhere;
  const endpoint other{"127.0.0.1", elsewhere.port()};
  auto lease = g.connect();
  g.serve(lease);
  lease.give_back();
  REQUIRE(g.pool.idle_count() == 1);
  {
    const no_files none;
    CHECK(g.loop.finish(g.pool.connect(other, {})));
  }
  CHECK(g.pool.idle_count() == 0);
}

TEST_CASE("pool: out of descriptors, an idle connection gives up its own to a CONNECT") {
  grouping g;
  const endpoint where{"127.0.0.1", g.two.port()};
  for (int i = 0; i < 2; ++i) {
    auto lease = g.connect();
    g.serve(lease);
  }
  REQUIRE(g.pool.idle_count() == 2);
  {
    const no_files none;
    CHECK(g.loop.finish(g.pool.connect_raw(where, 5s)));
    CHECK(g.pool.idle_count() == 1);  // no more than one
  }
  g.pool.close_idle();
}

TEST_CASE("pool: out of descriptors to look its name up, a CONNECT takes an idle connection's, too") {
  grouping g;
  {
    auto lease = g.connect();
    g.serve(lease);
  }
  REQUIRE(g.pool.idle_count() == 1);
  answer = {net::asio::ip::make_address("127.0.0.1")};
  scarce = [&] { return g.pool.idle_count() == 1; };
  const endpoint where{"far.test", g.two.port()};
  CHECK(g.loop.finish(g.pool.connect_raw(where, 5s)));
  CHECK(g.pool.idle_count() == 0);
  scarce = nullptr;
}

TEST_CASE("pool: out of descriptors to look its name up, a cluster takes one idle connection's for all who wait") {
  grouping g;
  for (int i = 0; i < 2; ++i) {
    auto lease = g.connect();
    g.serve(lease);
  }
  REQUIRE(g.pool.idle_count() == 2);
  answer = {net::asio::ip::make_address("127.0.0.1")};
  scarce = [&] { return g.pool.idle_count() == 2; };
  g.settings.name = "named";
  g.settings.endpoints = {{"near.test", g.two.port()}};
  const auto one = g.loop.start(g.pool.connect(g.of(), {}));
  const auto two = g.loop.start(g.pool.connect(g.of(), {}));
  g.loop.until([&] { return one->has_value() && two->has_value(); });
  CHECK(**one);
  CHECK(**two);
  CHECK(g.pool.idle_count() == 1);
  scarce = nullptr;
}

TEST_CASE("pool: out of descriptors to look its name up, a cluster fails when no connection idles") {
  grouping g;
  scarce = [] { return true; };
  g.settings.endpoints = {{"near.test", g.two.port()}};
  CHECK(g.refused() == base::fault_code::connection_limit_reached);
  scarce = nullptr;
}

TEST_CASE("pool: out of descriptors, a CONNECT that finds no idle connection fails") {
  grouping g;
  const no_files none;
  const auto made = g.loop.finish(g.pool.connect_raw({"127.0.0.1", g.one.port()}, 5s));
  REQUIRE_FALSE(made);
  CHECK(made.error().code() == base::fault_code::connection_limit_reached);
}

TEST_CASE("pool: out of descriptors, the fault says so and no endpoint is blamed") {
  grouping g;
  {
    const no_files none;
    for (int i = 0; i < 4; ++i) CHECK(g.refused() == base::fault_code::connection_limit_reached);
  }
  CHECK(g.told.count(event::ejected) == 0);
  auto lease = g.connect();
  CHECK(lease);
}

namespace {

/// This thread in a network of its own, where only one local port is given to connections.
class one_local_port {
 public:
  one_local_port() : before_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    if (before_ < 0 || ::unshare(CLONE_NEWNET) != 0) return;
    entered_ = true;
    const int any = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq loopback{};
    loopback.ifr_name[0] = 'l';
    loopback.ifr_name[1] = 'o';
    loopback.ifr_flags = IFF_UP | IFF_RUNNING;
    REQUIRE(::ioctl(any, SIOCSIFFLAGS, &loopback) == 0);
    ::close(any);
  }
  ~one_local_port() {
    if (entered_) ::setns(before_, CLONE_NEWNET);
    if (before_ >= 0) ::close(before_);
  }
  one_local_port(const one_local_port&) = delete;
  one_local_port& operator=(const one_local_port&) = delete;

  bool entered() const { return entered_; }
  /// From now on; listeners have theirs by then.
  static void use_up() {
    std::ofstream range("/proc/sys/net/ipv4/ip_local_port_range");
    range << "45000 45000" << std::endl;
    REQUIRE(range);
  }

 private:
  int before_ = -1;
  bool entered_ = false;
};

}  // namespace

TEST_CASE("pool: out of local ports to a destination, connections that idle elsewhere stay, and nobody is blamed") {
  const one_local_port alone;
  if (!alone.entered()) {
    WARN("this needs the right to make a network namespace");
    return;
  }
  grouping g;
  const support::listening elsewhere;
  one_local_port::use_up();
  const auto at = [&g](const support::listening& where) {
    return g.loop.finish(g.pool.connect(endpoint{"127.0.0.1", where.port()}, {}));
  };
  const auto first = at(g.one);
  const auto second = at(g.two);  // ports are those of one destination
  auto third = at(elsewhere);
  REQUIRE((first && second && third));
  g.far.push_back(elsewhere.accept());
  http::request_head head;
  head.method = "GET";
  third->exchange().put_head(head, "/", {});
  REQUIRE(third->exchange().write_now({}, true, nullptr));
  g.far.back().send("HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(g.loop.finish(third->exchange().read_head()));
  third->give_back();
  for (int i = 0; i < 4; ++i) CHECK(g.refused() == base::fault_code::local_ports_used_up);
  CHECK(g.pool.idle_count() == 1);
  CHECK(g.told.count(event::ejected) == 0);
}

TEST_CASE("pool: another pick avoids the endpoint it is told to") {
  grouping g;
  auto first = g.connect();
  pool::limits limits;
  limits.avoid = first.endpoint();
  for (int i = 0; i < 4; ++i) {
    auto other = g.connect(limits);
    CHECK(g.port(other) != g.port(first));
  }
}

TEST_CASE("pool: what exchanges say ejects an endpoint") {
  grouping g;
  auto first = g.connect();
  const auto bad = g.port(first);
  first.failed();
  CHECK(g.told.count(event::ejected) == 1);
  for (int i = 0; i < 4; ++i) {
    auto other = g.connect();
    CHECK(g.port(other) != bad);
    other.succeeded();
  }
}

TEST_CASE("pool: a kept connection that ended without an answer ejects nobody (ADR 19)") {
  grouping g;
  auto first = g.connect();
  for (int i = 0; i < 8; ++i) first.ended_unanswered();
  CHECK(g.told.all.empty());
  first.failed();
  CHECK(g.told.all == std::vector<event>{event::ejected});
}

TEST_CASE("pool: more requests than connections wait, in order, and get what comes back") {
  grouping g;
  g.settings.policy.max_connections = 1;
  auto first = g.connect();
  const auto second = g.loop.start(g.pool.connect(g.of(), {}));
  const auto third = g.loop.start(g.pool.connect(g.of(), {}));
  CHECK_FALSE(second->has_value());
  CHECK(g.told.count(event::queued) == 2);
  SECTION("a connection that can serve again") {
    g.serve(first);
    first.give_back();
    g.loop.until([&] { return second->has_value(); });
    REQUIRE(**second);
    CHECK((***second).exchange().reused());
  }
  SECTION("leave to open another one") {
    first.give_back();
    g.loop.until([&] { return second->has_value(); });
    REQUIRE(**second);
    CHECK_FALSE((***second).exchange().reused());
  }
  CHECK_FALSE(third->has_value());
  (***second).give_back();
  g.loop.until([&] { return third->has_value(); });
  CHECK(**third);
}

TEST_CASE("pool: leave to open another one counts as open") {
  grouping g;
  g.settings.policy.max_connections = 1;
  auto first = g.connect();
  const auto second = g.loop.start(g.pool.connect(g.of(), {}));
  first.give_back();
  g.loop.until([&] { return second->has_value(); });
  REQUIRE(**second);
  g.pool.keep_open(1);
  g.far.push_back(g.one.accept());  // the one that was given back unused
  g.serve(***second);
  (***second).give_back();
  CHECK(g.pool.idle_count() == 1);
  g.pool.keep_open(0);
  CHECK(g.pool.idle_count() == 0);
}

TEST_CASE("pool: who waits too long, or finds the queue full, is refused") {
  grouping g;
  g.settings.policy.max_connections = 1;
  g.settings.policy.max_pending = 1;
  auto held = g.connect();
  pool::limits hasty;
  hasty.connect_timeout = 10ms;
  SECTION("too long") { CHECK(g.refused(hasty) == base::fault_code::connection_limit_reached); }
  SECTION("full") {
    const auto waiting = g.loop.start(g.pool.connect(g.of(), {}));
    CHECK(g.refused() == base::fault_code::connection_limit_reached);
    held.give_back();
    g.loop.until([&] { return waiting->has_value(); });
    CHECK(**waiting);
  }
  CHECK(g.told.count(event::refused) == 1);
  held.give_back();
  CHECK(g.connect());  // the one that gave up holds nothing
}

TEST_CASE("pool: at the limit an idle connection to another endpoint gives way") {
  grouping g;
  g.settings.policy.max_connections = 1;
  auto first = g.connect();
  g.serve(first);
  const auto idle = g.port(first);
  pool::limits limits;
  limits.avoid = first.endpoint();
  first.give_back();
  CHECK(g.pool.idle_count() == 1);
  auto other = g.connect(limits);
  CHECK(g.port(other) != idle);
  CHECK(g.pool.idle_count() == 0);
  CHECK(g.far[0].sees_end());
}

TEST_CASE("pool: at the limit, who asks for a new connection does not wait for one that idles") {
  grouping g;
  g.settings.policy.max_connections = 1;
  g.settings.endpoints.pop_back();
  auto first = g.connect();
  g.serve(first);
  first.give_back();
  CHECK(g.pool.idle_count() == 1);
  pool::limits limits;
  limits.fresh = true;
  auto other = g.connect(limits);
  CHECK_FALSE(other.exchange().reused());
  CHECK(g.pool.idle_count() == 0);
  CHECK(g.far[0].sees_end());
}

TEST_CASE("pool: after close_idle() nobody waits for a connection") {
  grouping g;
  g.settings.policy.max_connections = 1;
  auto held = g.connect();
  pool::limits patient;
  patient.connect_timeout = 1h;
  const auto waiting = g.loop.start(g.pool.connect(g.of(), patient));
  g.pool.close_idle();
  g.loop.until([&] { return waiting->has_value(); });
  CHECK_FALSE(**waiting);
}

TEST_CASE(
    "pool: a name is looked up again after its interval; a failure keeps the addresses, another answer replaces them") {
  grouping g;
  g.settings.endpoints = {{"catalog.test", g.one.port()}};
  g.settings.policy.dns_refresh = 20ms;
  answer = {net::asio::ip::make_address("127.0.0.1")};
  asked = 0;
  auto used = g.connect();
  g.serve(used);
  CHECK(asked == 1);
  CHECK(g.told.all.empty());

  answer.clear();
  g.loop.run_for(60ms);
  CHECK(asked == 1);  // nobody wants it
  const auto wanted = [&] { (void)g.pool.take_idle(g.of(), {}); };
  g.loop.until([&] {
    wanted();
    return g.told.count(event::dns_failed) > 0;
  });
  CHECK(g.connect());

  answer = {net::asio::ip::make_address("127.0.0.2")};
  const auto failed = g.told.count(event::dns_failed);
  g.loop.until([&] {
    wanted();
    return g.told.count(event::dns_failed) > failed;
  });
  CHECK(asked == 2);  // a failure is not asked about again within a second
  passed += 1s;
  g.loop.until([&] {
    wanted();
    return g.told.count(event::dns_changed) == 1;
  });
  CHECK(g.port(used) == g.one.port());  // in use: it stays
  used.give_back();
  CHECK(g.pool.idle_count() == 0);
  CHECK(g.far[0].sees_end());
}

TEST_CASE("pool: repeated requests are limited to a part of those in flight, and a few are always allowed") {
  grouping g;
  retry_policy by;
  by.always = 1;
  by.budget = 0.5;
  auto first = g.pool.permit_retry(g.of(), by, false);
  CHECK(first);
  CHECK_FALSE(g.pool.permit_retry(g.of(), by, false));
  std::vector<pool::lease> leases;
  for (int i = 0; i < 4; ++i) leases.push_back(g.connect());
  const auto second = g.pool.permit_retry(g.of(), by, false);
  CHECK(second);
  CHECK_FALSE(g.pool.permit_retry(g.of(), by, false));
  first = {};  // it is over
  CHECK(g.pool.permit_retry(g.of(), by, false));
  leases.clear();
  CHECK_FALSE(g.pool.permit_retry(g.of(), by, false));
  CHECK(g.told.count(event::retried) == 3);
  CHECK(g.told.count(event::not_retried) == 3);
  by.always = 0;
  by.budget = 0;
  CHECK_FALSE(g.pool.permit_retry(g.of(), by, false));
}

TEST_CASE("pool: what a reused connection left unanswered is repeated outside of the budget") {
  grouping g;
  retry_policy by;
  by.always = 1;
  by.budget = 0;
  const auto one = g.pool.permit_retry(g.of(), by, true);
  const auto two = g.pool.permit_retry(g.of(), by, true);
  CHECK(one);
  CHECK(two);
  const auto counted = g.pool.permit_retry(g.of(), by, false);
  CHECK(counted);  // of those before none counts
  CHECK(g.pool.permit_retry(g.of(), by, true));
  CHECK_FALSE(g.pool.permit_retry(g.of(), by, false));
  CHECK(g.told.count(event::retried) == 4);
  CHECK(g.told.count(event::not_retried) == 1);
}

TEST_CASE("pool: who waits for a fresh connection gets one in the place of that which comes back (RT-6)") {
  grouping g;
  g.settings.policy.max_connections = 1;
  auto first = g.connect();
  g.serve(first);
  pool::limits limits;
  limits.fresh = true;
  const auto waiting = g.loop.start(g.pool.connect(g.of(), limits));
  const auto next = g.loop.start(g.pool.connect(g.of(), {}));
  first.give_back();
  g.loop.until([&] { return waiting->has_value(); });
  REQUIRE(**waiting);
  CHECK_FALSE((***waiting).exchange().reused());
  CHECK(g.far[0].sees_end());
  CHECK_FALSE(next->has_value());  // there is still no room for two
  (***waiting).give_back();
  g.loop.until([&] { return next->has_value(); });
  CHECK(**next);
}

TEST_CASE("pool: a connection that comes back closed is not given to who waits (RT-4)") {
  grouping g;
  g.settings.policy.max_connections = 1;
  auto first = g.connect();
  g.serve(first);
  const auto waiting = g.loop.start(g.pool.connect(g.of(), {}));
  g.far[0].shut_write();
  first.give_back();
  g.loop.until([&] { return waiting->has_value(); });
  REQUIRE(**waiting);
  CHECK_FALSE((***waiting).exchange().reused());
}

TEST_CASE("pool: a name that nobody knows") {
  grouping g;
  g.settings.endpoints = {{"nobody.test", 80}};
  answer.clear();
  CHECK(g.refused() == base::fault_code::dns_error);
}

}  // namespace sidespan::upstream::test

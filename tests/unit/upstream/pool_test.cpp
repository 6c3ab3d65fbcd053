// SPDX-License-Identifier: Apache-2.0
#include "upstream/pool.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <vector>

#include "support/loopback.hpp"

namespace sidespan::upstream::test {
namespace {

using namespace std::chrono_literals;

pool_settings keeping(std::size_t idle, std::chrono::milliseconds timeout = 30s) {
  pool_settings out;
  out.idle_per_endpoint = idle;
  out.idle_timeout = timeout;
  return out;
}

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
                std::string_view response = "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n") {
    http::request_head head;
    head.method = "GET";
    lease.exchange().put_head(head, "/", {});
    REQUIRE(lease.exchange().write_now({}, true, nullptr));
    far[index].send(response);
    REQUIRE(loop.finish(lease.exchange().read_head()));
  }
  /// One connection that idles.
  void warm() {
    auto lease = connect();
    exchange(lease, far.size() - 1);
  }
};

}  // namespace

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

}  // namespace sidespan::upstream::test

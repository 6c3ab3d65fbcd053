// SPDX-License-Identifier: Apache-2.0
#include "net/listener.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>
#include <catch2/catch.hpp>
#include <new>
#include <stdexcept>
#include <vector>

#include "support/loopback.hpp"

namespace sidespan::net::test {
namespace {

/// A listener on a port of its own, and what it accepted.
struct accepting {
  support::event_loop loop;
  std::vector<tcp_socket> taken;
  std::string_view used_up;
  std::vector<std::string> pauses;
  listener door{bind_listener(loop.context, "127.0.0.1", 0, false),
                [this](accepted from) { taken.push_back(std::move(from.socket)); }, [this] { return used_up; },
                [this](std::string_view why) { pauses.emplace_back(why); }, "test"};

  tcp_socket call() {
    tcp_socket out(loop.context.get_executor());
    error_code ec;
    out.connect(tcp_endpoint(asio::ip::address_v4::loopback(), door.port()), ec);
    refused = static_cast<bool>(ec);
    return out;
  }
  bool refused = false;
};

}  // namespace

TEST_CASE("listener: who waits in the queue when it stops is handed over, not reset") {
  accepting a;
  std::vector<tcp_socket> callers;
  for (int i = 0; i < 3; ++i) callers.push_back(a.call());
  CHECK(a.taken.empty());
  a.door.stop();
  CHECK(a.taken.size() == 3);
  const auto late = a.call();
  CHECK(a.refused);
}

TEST_CASE("listener: peers that vanish are looked for") {
  accepting a;
  const auto caller = a.call();
  a.door.stop();
  REQUIRE(a.taken.size() == 1);
  asio::socket_base::keep_alive looked_for;
  a.taken[0].get_option(looked_for);
  CHECK(looked_for.value());
  const auto told = [&a](int option) {
    int value = 0;
    socklen_t size = sizeof(value);
    REQUIRE(::getsockopt(a.taken[0].native_handle(), IPPROTO_TCP, option, &value, &size) == 0);
    return value;
  };
  CHECK(told(TCP_KEEPIDLE) == 60);
  CHECK(told(TCP_KEEPIDLE) + told(TCP_KEEPINTVL) * told(TCP_KEEPCNT) == 120);
}

TEST_CASE("listener: what is accepted has what the listening socket was told") {
  accepting a;
  const auto caller = a.call();
  a.door.start();
  a.loop.until([&a] { return a.taken.size() == 1; });
  asio::ip::tcp::no_delay at_once;
  a.taken[0].get_option(at_once);
  CHECK(at_once.value());
}

TEST_CASE("listener: all who wait are accepted, told apart by where they come from") {
  support::event_loop loop;
  std::vector<tcp_endpoint> peers;
  listener door{bind_listener(loop.context, "127.0.0.1", 0, false),
                [&peers](accepted from) { peers.push_back(from.peer); }, [] { return std::string_view(); },
                [](std::string_view) {}, "test"};
  std::vector<tcp_socket> callers;
  for (int i = 0; i < 100; ++i) {
    callers.emplace_back(loop.context.get_executor());
    callers.back().connect(tcp_endpoint(asio::ip::address_v4::loopback(), door.port()));
  }
  door.start();
  loop.until([&peers] { return peers.size() >= 100; });
  REQUIRE(peers.size() == 100);
  for (std::size_t i = 0; i < peers.size(); ++i) CHECK(peers[i] == callers[i].local_endpoint());
}

TEST_CASE("listener: of a burst no more than some are accepted before others have their turn") {
  accepting a;
  std::vector<tcp_socket> callers;
  for (int i = 0; i < 40; ++i) callers.push_back(a.call());
  a.door.start();
  a.loop.context.restart();
  while (a.taken.empty() && a.loop.context.run_one() > 0) {
  }
  CHECK(a.taken.size() == 32);
  a.loop.until([&a] { return a.taken.size() == 40; });
}

TEST_CASE("listener: all addresses are not had when IPv6's port is somebody else's") {
  support::event_loop loop;
  acceptor other(loop.context.get_executor());
  error_code ec;
  other.open(asio::ip::tcp::v6(), ec);
  if (!ec) other.set_option(asio::ip::v6_only(true), ec);
  if (!ec) other.bind(tcp_endpoint(asio::ip::address_v6::any(), 0), ec);
  if (!ec) other.listen(1, ec);
  if (ec) return;  // no IPv6 here
  CHECK_THROWS_AS(bind_listener(loop.context, "*", other.local_endpoint().port(), false), std::runtime_error);
}

TEST_CASE("listener: of those who wait only as many are accepted as there is room for") {
  support::event_loop loop;
  std::vector<tcp_socket> taken;
  listener door{bind_listener(loop.context, "127.0.0.1", 0, false),
                [&taken](accepted from) { taken.push_back(std::move(from.socket)); },
                [&taken] { return std::string_view(taken.size() < 2 ? "" : "connections"); }, [](std::string_view) {},
                "test"};
  std::vector<tcp_socket> callers;
  for (int i = 0; i < 5; ++i) {
    callers.emplace_back(loop.context.get_executor());
    callers.back().connect(tcp_endpoint(asio::ip::address_v4::loopback(), door.port()));
  }
  door.start();
  loop.until([&taken] { return taken.size() >= 2; });
  loop.settle();
  CHECK(taken.size() == 2);
}

TEST_CASE("listener: the queue is handed over although accepting is paused") {
  accepting a;
  a.used_up = "memory";
  a.door.start();
  const auto caller = a.call();
  a.loop.settle();
  CHECK(a.taken.empty());
  a.door.stop();
  CHECK(a.taken.size() == 1);
  a.door.stop();  // once is enough
  CHECK(a.taken.size() == 1);
  a.loop.run_for(std::chrono::milliseconds(150));  // the pause ends, and with it the loop
  CHECK(a.pauses == std::vector<std::string>{"memory"});
}

namespace {

/// A listener that finds no memory for the first connection.
struct out_of_memory_once {
  support::event_loop loop;
  std::vector<tcp_socket> taken;
  std::vector<std::string> pauses;
  int calls = 0;
  listener door{bind_listener(loop.context, "127.0.0.1", 0, false),
                [this](accepted from) {
                  if (++calls == 1) throw std::bad_alloc();
                  taken.push_back(std::move(from.socket));
                },
                [] { return std::string_view(); }, [this](std::string_view why) { pauses.emplace_back(why); }, "test"};
  std::vector<tcp_socket> callers;

  out_of_memory_once() {
    for (int i = 0; i < 3; ++i) {
      callers.emplace_back(loop.context.get_executor());
      callers.back().connect(tcp_endpoint(asio::ip::address_v4::loopback(), door.port()));
    }
  }
  /// The first caller was closed, the others are served.
  void check_cost() {
    callers[0].non_blocking(true);
    char byte = 0;
    error_code ec;
    callers[0].read_some(asio::buffer(&byte, 1), ec);
    CHECK(ec == asio::error::eof);
    REQUIRE(taken.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) CHECK(taken[i].remote_endpoint() == callers[i + 1].local_endpoint());
  }
};

}  // namespace

TEST_CASE("listener: no memory for a connection costs that one, and accepting goes on after a pause") {
  out_of_memory_once a;
  a.door.start();
  a.loop.until([&a] { return a.taken.size() == 2; });
  a.check_cost();
  CHECK(a.pauses == std::vector<std::string>{"memory"});
}

TEST_CASE("listener: no memory for a connection while it stops costs that one, not those behind it") {
  out_of_memory_once a;
  a.door.stop();
  a.check_cost();
}

TEST_CASE("listener: while accepting finds no memory it is tried now and then") {
  support::event_loop loop;
  int tries = 0;
  bool accepted_one = false, memory = false;
  std::vector<std::string> pauses;
  const auto admission = [&] {
    ++tries;
    if (!memory) throw std::bad_alloc();
    return std::string_view();
  };
  listener door(
      bind_listener(loop.context, "127.0.0.1", 0, false), [&](accepted) { accepted_one = true; }, admission,
      [&](std::string_view why) { pauses.emplace_back(why); }, "test");
  door.start();
  loop.run_for(std::chrono::milliseconds(250));
  CHECK(tries >= 1);
  CHECK(tries <= 4);  // every 100 ms
  CHECK(pauses == std::vector<std::string>{"memory"});
  memory = true;
  tcp_socket caller(loop.context.get_executor());
  caller.connect(tcp_endpoint(asio::ip::address_v4::loopback(), door.port()));
  loop.until([&] { return accepted_one; });
}

TEST_CASE("listener: a pause is told once, however long, and again after it has accepted") {
  accepting a;
  a.used_up = "connections";
  a.door.start();
  a.loop.run_for(std::chrono::milliseconds(350));
  CHECK(a.pauses.size() == 1);
  a.used_up = {};
  const auto caller = a.call();
  a.loop.until([&a] { return a.taken.size() == 1; });
  a.used_up = "connections";
  const auto next = a.call();  // the accept that waits takes it
  a.loop.until([&a] { return a.pauses.size() == 2; });
}

namespace {

/// A listener that is full until room is made.
struct crowded {
  support::event_loop loop;
  std::vector<tcp_socket> taken;
  bool full = true;
  bool can_make_room = true;
  int asked = 0, pauses = 0;
  listener door{bind_listener(loop.context, "127.0.0.1", 0, false),
                [this](accepted from) { taken.push_back(std::move(from.socket)); },
                [this] { return std::string_view(full ? "connections" : ""); },
                [this](std::string_view) { ++pauses; },
                "test",
                [this](std::string_view limit) {
                  ++asked;
                  CHECK(limit == "connections");
                  full = !can_make_room;
                  return can_make_room;
                }};

  tcp_socket call() {
    tcp_socket out(loop.context.get_executor());
    out.connect(tcp_endpoint(asio::ip::address_v4::loopback(), door.port()));
    return out;
  }
};

}  // namespace

TEST_CASE("listener: room is made for who waits, not before, and that is no pause") {
  crowded c;
  c.door.start();
  c.loop.run_for(std::chrono::milliseconds(50));
  CHECK(c.asked == 0);
  const auto caller = c.call();
  c.loop.until([&c] { return c.taken.size() == 1; });
  CHECK(c.asked == 1);
  CHECK(c.pauses == 0);
  c.door.stop();
  c.loop.settle();
  CHECK(c.door.done());
}

TEST_CASE("listener: without room accepting pauses, and goes on when there is some") {
  crowded c;
  c.can_make_room = false;
  c.door.start();
  const auto caller = c.call();
  c.loop.until([&c] { return c.asked >= 2; });
  CHECK(c.pauses == 1);
  CHECK(c.taken.empty());
  c.full = false;
  c.loop.until([&c] { return c.taken.size() == 1; });
}

TEST_CASE("listener: room that came by itself while nobody waited costs nothing") {
  crowded c;
  c.door.start();
  c.loop.settle();
  c.full = false;
  const auto caller = c.call();
  c.loop.until([&c] { return c.taken.size() == 1; });
  CHECK(c.asked == 0);
  CHECK(c.pauses == 0);
}

}  // namespace sidespan::net::test

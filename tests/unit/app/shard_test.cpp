// SPDX-License-Identifier: Apache-2.0
#include "app/shard.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "net/listener.hpp"
#include "support/kept_records.hpp"
#include "support/loopback.hpp"

namespace sidespan::app::test {
namespace {

using forward::listener_settings;
using support::far_end;

constexpr std::chrono::seconds patience{20};

template <class Condition>
void until(Condition met) {
  const auto limit = std::chrono::steady_clock::now() + patience;
  while (!met()) {
    if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("waited in vain");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// A caller of the listener at `port`, or an upstream that a connection came to.
far_end dial(std::uint16_t port, std::string_view first = {}) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(port);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof(where)) != 0)
    throw std::runtime_error("cannot connect");
  far_end out(fd);
  if (!first.empty()) out.send(first);
  return out;
}

void wait_for(const far_end& at, std::string_view text) {
  std::string all;
  until([&] { return (all += at.receive()).find(text) != std::string::npos; });
}

/// A shard on its thread, in front of upstreams that the test plays.
struct running_shard {
  base::system_clock clock;
  base::system_random random;
  forward::process all{clock, nullptr, nullptr, {}, {}, {}, {}, {}};
  support::kept_records spans;
  support::listening app;
  std::map<std::string, std::uint16_t> ports;
  std::vector<std::shared_ptr<const forward::leg>> legs;
  shard_change change;
  std::unique_ptr<shard> it;

  listener_settings listener(std::string key, enum listener_settings::leg leg) const {
    listener_settings out;
    out.leg = leg;
    out.key = std::move(key);
    out.address = "127.0.0.1";
    if (leg == listener_settings::leg::forward_proxy) return out;
    out.rules.emplace_back();
    forward::cluster_settings& to = out.clusters.emplace_back();
    to.name = to.host = "127.0.0.1";
    to.port = app.port();
    to.authority = "127.0.0.1:" + std::to_string(app.port());
    to.endpoints = {{to.host, to.port}};
    return out;
  }
  void add(const listener_settings& what) {
    legs.push_back(std::make_shared<const forward::leg>(what, trace::sampler_settings(), random));
    net::asio::io_context nowhere;
    net::parked_listener socket(net::bind_listener(nowhere, what.address, 0, false));
    ports[what.key] = socket.port();
    change.listeners.push_back({legs.back(), std::move(socket)});
  }
  void start() {
    forward::snapshot next{{}, {}, trace::exclusion({}), legs, {}};
    change.next = std::make_shared<const forward::snapshot>(std::move(next));
    it = std::make_unique<shard>(0, all, spans);
    it->begin_with(std::move(change));
    it->start();
  }
  /// Ends with everything that waits in it.
  void end() { it.reset(); }

  running_shard() {
    using leg = enum listener_settings::leg;
    add(listener("in", leg::inbound));
    add(listener("out", leg::outbound));
    add(listener("proxy", leg::forward_proxy));
    listener_settings tcp = listener("tcp", leg::inbound);
    tcp.opaque = true;
    add(tcp);
    listener_settings narrow = listener("narrow", leg::outbound);
    narrow.upstream.max_connections = 1;
    add(narrow);
    start();
  }

  std::size_t connections_of_legs() const {
    std::size_t out = 0;
    for (const auto& leg : legs) out += leg->current_load().connections.load() + leg->current_load().requests.load();
    return out;
  }
  void nothing_left() const {
    CHECK(all.connections == 0);
    CHECK(all.inbound_connections == 0);
    CHECK(all.inbound_in_flight == 0);
    CHECK(connections_of_legs() == 0);
  }
};

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view well = "HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nfine";

}  // namespace

// What waits is destroyed with its connections; ASan and LeakSanitizer see what is not.
TEST_CASE("shard: ends while connections wait for a request, its rest, or the next one") {
  running_shard on;
  far_end silent = dial(on.ports["in"]);
  far_end begun = dial(on.ports["in"], "GET / HTTP/1.1\r\nHos");
  far_end kept = dial(on.ports["in"], get);
  far_end up = on.app.accept();
  wait_for(up, "\r\n\r\n");
  up.send(well);
  wait_for(kept, "fine");
  until([&] { return on.all.connections == 3 && on.it->idle_upstream_connections() == 1; });
  on.end();
  on.nothing_left();
  for (far_end* each : {&silent, &begun, &kept, &up}) CHECK(each->sees_end());
  CHECK(on.spans.all.size() == 1);
}

TEST_CASE("shard: ends while exchanges are at every stage, and each leaves its span") {
  running_shard on;
  struct pair {
    far_end down, up;
  };
  std::vector<pair> held;
  const auto open = [&](const char* at, std::string_view request, std::string_view seen, std::string_view answer = {}) {
    far_end down = dial(on.ports[at], request);
    far_end up = on.app.accept();
    if (!seen.empty()) wait_for(up, seen);
    if (!answer.empty()) up.send(answer);
    held.push_back({std::move(down), std::move(up)});
  };
  constexpr std::string_view chunks = "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
  open("in", get, "\r\n\r\n");     // waits for the answer
  open("out", chunks, "abc\r\n");  // waits for the rest of the upload, and for the answer
  open("in", get, "\r\n\r\n", "HTTP/1.1 200 Fine\r\nContent-Length: 100\r\n\r\nsome");  // for the rest of the answer
  wait_for(held.back().down, "some");
  open("in", chunks, "abc\r\n", "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");  // for both
  wait_for(held.back().down, "x");
  open("in", get, "\r\n\r\n",
       "HTTP/1.1 200 Fine\r\nContent-Length: 100000000\r\n\r\n");  // for a caller that does not read
  std::size_t sent = 0;
  until([&, last = std::size_t{0}, still = 0]() mutable {
    held.back().up.send_now(std::string(1 << 20, 'x'), sent);
    still = sent == last ? still + 1 : 0;
    last = sent;
    return still == 100;
  });
  on.end();
  on.nothing_left();
  for (const pair& each : held) {
    CHECK(each.down.sees_end());
    CHECK(each.up.sees_end());
  }
  CHECK(on.spans.all.size() == held.size());
}

TEST_CASE("shard: ends while tunnels are open") {
  running_shard on;
  far_end upgraded = dial(on.ports["in"], "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  far_end app = on.app.accept();
  wait_for(app, "\r\n\r\n");
  app.send("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  wait_for(upgraded, "101");
  const support::listening far;
  const std::string target = "127.0.0.1:" + std::to_string(far.port());
  far_end connected = dial(on.ports["proxy"], "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n");
  far_end server = far.accept();
  wait_for(connected, "200");
  far_end opaque = dial(on.ports["tcp"], "hello");
  far_end behind = on.app.accept();
  wait_for(behind, "hello");
  connected.shut_write();  // one of them half closed
  until([&] { return server.sees_end(); });
  on.end();
  on.nothing_left();
  for (far_end* each : {&upgraded, &app, &connected, &opaque, &behind}) CHECK(each->sees_end());
  CHECK(on.spans.all.size() == 3);
}

TEST_CASE("shard: ends while exchanges wait for a connection, and while one lingers") {
  running_shard on;
  far_end first = dial(on.ports["narrow"], get);
  far_end up = on.app.accept();
  wait_for(up, "\r\n\r\n");
  far_end second = dial(on.ports["narrow"], get);  // waits for the connection of the first
  far_end nameless =
      dial(on.ports["proxy"], "GET http://localhost:1/ HTTP/1.1\r\nHost: localhost:1\r\n\r\n");  // refused
  wait_for(nameless, "502");
  far_end refused = dial(on.ports["in"], "GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n");
  wait_for(refused, "400");  // and read on from, for a moment
  until([&] { return on.it->registry().clients_active() == 2 && on.all.connections == 4; });
  on.end();
  on.nothing_left();
  for (far_end* each : {&first, &second, &nameless, &refused, &up}) CHECK(each->sees_end());
  CHECK(on.spans.all.size() == 4);
}

TEST_CASE("shard: ends before it has begun") {
  {
    running_shard on;
    far_end early = dial(on.ports["in"], get);
    on.end();
    CHECK(early.sees_end());
    on.nothing_left();
  }
  running_shard on;
  on.end();
  on.nothing_left();
}

}  // namespace sidespan::app::test

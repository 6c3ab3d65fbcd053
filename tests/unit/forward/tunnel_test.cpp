// SPDX-License-Identifier: Apache-2.0
#include "forward/tunnel.hpp"

#include <catch2/catch.hpp>

#include "support/loopback.hpp"

namespace sidespan::forward::test {
namespace {

using std::chrono::milliseconds;

/// A tunnel between two connections whose far ends the test holds.
struct open_tunnel {
  support::event_loop loop;
  wire::buffer_pool buffers;
  support::connection down = support::connected(loop);
  support::connection up = support::connected(loop);
  tunnel between;
  support::outcome<tunnel_outcome> out;

  explicit open_tunnel(std::string_view first_up = {}, std::string_view first_down = {},
                       milliseconds idle = milliseconds(0))
      : between(wire::raw_connection(down.near.get(), first_up), wire::raw_connection(up.near.get(), first_down),
                buffers, idle),
        out(loop.start(between.run())) {}

  std::string received(const support::far_end& at, std::size_t bytes) {
    std::string all;
    loop.until([&] { return (all += at.receive(bytes - all.size())).size() == bytes; });
    return all;
  }
  tunnel_outcome end() {
    loop.until([this] { return out->has_value(); });
    return **out;
  }
};

}  // namespace

TEST_CASE("tunnel: what came with the heads goes first, then whatever comes") {
  open_tunnel t("early", "hello");
  CHECK(t.received(t.up.far, 5) == "early");
  CHECK(t.received(t.down.far, 5) == "hello");
  const std::string large(300'000, 'x');
  t.down.far.send(large.substr(0, 100'000));
  CHECK(t.received(t.up.far, 100'000) == large.substr(0, 100'000));
  t.up.far.send("y");
  CHECK(t.received(t.down.far, 1) == "y");
  CHECK_FALSE(t.out->has_value());
  t.down.far.close();
  t.up.far.close();
  const tunnel_outcome out = t.end();
  CHECK(out.bytes_up == 100'005);
  CHECK(out.bytes_down == 6);
}

TEST_CASE("tunnel: what a burst needed is given back when little comes again") {
  open_tunnel t;
  const std::string large(100'000, 'x');
  t.down.far.send(large);
  CHECK(t.received(t.up.far, large.size()) == large);
  t.down.far.send("y");
  CHECK(t.received(t.up.far, 1) == "y");
  t.loop.until([&t] { return t.buffers.in_use() == 0; });
}

TEST_CASE("tunnel: the end of one direction is passed on, the other goes on (CN-5)") {
  open_tunnel t;
  t.down.far.shut_write();
  t.loop.until([&] { return t.up.far.sees_end(); });
  CHECK_FALSE(t.out->has_value());
  t.up.far.send("still");
  CHECK(t.received(t.down.far, 5) == "still");
  t.up.far.close();
  CHECK(t.end().end == tunnel_end::downstream_closed);
  CHECK(t.down.far.sees_end());
  CHECK_FALSE(t.down.far.sees_reset());
}

TEST_CASE("tunnel: whoever ended first did it, a reset behind it is how programs close") {
  open_tunnel t;
  t.up.far.shut_write();
  t.loop.until([&] { return t.down.far.sees_end(); });
  t.down.far.reset();
  CHECK(t.end().end == tunnel_end::upstream_closed);
}

TEST_CASE("tunnel: a reset of one side resets the other, so that nobody takes the rest for complete") {
  SECTION("downstream") {
    open_tunnel t;
    t.down.far.reset();
    CHECK(t.end().end == tunnel_end::downstream_reset);
    CHECK(t.up.far.sees_reset());
  }
  SECTION("upstream") {
    open_tunnel t;
    t.up.far.reset();
    CHECK(t.end().end == tunnel_end::upstream_reset);
    CHECK(t.down.far.sees_reset());
  }
}

TEST_CASE("tunnel: bytes in either direction keep it alive, silence in both ends it") {
  support::while_often_enough(milliseconds(70), [](auto once_more) {
    open_tunnel t({}, {}, milliseconds(150));
    (void)once_more();
    for (const support::far_end* from : {&t.down.far, &t.up.far}) {
      for (int i = 0; i < 10; ++i) {  // twice the limit, one way only
        t.loop.run_for(milliseconds(30));
        if (!once_more()) return;
        from->send("x");
      }
    }
    t.loop.settle();
    const bool alive = !t.out->has_value();
    if (!once_more()) return;
    CHECK(alive);
    CHECK(t.end().end == tunnel_end::idle_timeout);
    CHECK(t.down.far.sees_reset());
    CHECK(t.up.far.sees_reset());
  });
}

TEST_CASE("tunnel: a peer that vanishes without a word is looked for, on either side") {
  open_tunnel t;
  for (const support::connection* each : {&t.down, &t.up}) {
    net::asio::socket_base::keep_alive looked_for;
    each->near->socket().get_option(looked_for);
    CHECK(looked_for.value());
  }
}

TEST_CASE("tunnel: a cut ends it at once, also when one side has ended") {
  open_tunnel t;
  t.down.far.shut_write();
  t.loop.until([&] { return t.up.far.sees_end(); });
  t.between.cut();
  t.between.cut();
  CHECK(t.end().end == tunnel_end::cut);
  CHECK(t.up.far.sees_reset());
}

TEST_CASE("tunnel: limits that an exchange left on its streams do not end it") {
  support::event_loop loop;
  wire::buffer_pool buffers;
  support::connection down = support::connected(loop), up = support::connected(loop);
  down.near->limit(milliseconds(1));
  up.near->limit(milliseconds(1));
  up.near->write_limit(milliseconds(1));
  tunnel between(wire::raw_connection(down.near.get()), wire::raw_connection(up.near.get()), buffers, milliseconds(0));
  const auto out = loop.start(between.run());
  loop.run_for(milliseconds(80));
  CHECK_FALSE(out->has_value());
  between.cut();
  loop.until([&] { return out->has_value(); });
}

TEST_CASE("tunnel: a side that does not read stops the other (back-pressure)") {
  open_tunnel t;
  const std::string piece(64 * 1024, 'x');
  std::size_t sent = 0;
  // Each round gives the tunnel a chance; what is in flight is what the kernel's buffers of both connections hold.
  int full = 0;  // rounds in a row in which nothing more went in
  for (int round = 0; round < 5000 && full < 20; ++round) {
    full = t.down.far.send_now(piece, sent) ? 0 : full + 1;
    t.loop.run_for(milliseconds(1));
  }
  CHECK(full == 20);
  CHECK(t.received(t.up.far, sent).size() == sent);
  t.between.cut();
  t.end();
}

}  // namespace sidespan::forward::test

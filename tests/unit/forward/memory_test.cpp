// SPDX-License-Identifier: Apache-2.0
//
// Relay and tunnel when one allocation fails, whichever it is. Not under the
// sanitizers (support/refuse_memory).
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <catch2/catch.hpp>
#include <new>

#include "fake_exchanges.hpp"
#include "forward/relay.hpp"
#include "forward/tunnel.hpp"
#include "support/loopback.hpp"
#include "support/refuse_memory.hpp"

namespace sidespan::forward::test {
namespace {

struct no_hooks final : relay_hooks {
  base::result<void> on_response(http::response_head&) override { return {}; }
  base::result<void> on_switch(http::response_head&) override { return {}; }
  void on_response_complete() noexcept override {}
};

/// An upload that waits for more while the response comes in pieces.
struct long_exchange {
  support::event_loop loop;
  fake_down down{loop.context.get_executor()};
  fake_up up{loop.context.get_executor()};
  no_hooks hooks;
  int left_behind = 0;  // readers, when the relay had ended

  long_exchange() {
    down.size.kind = http::body_size::kind::unknown;
    down.body.steps = {{std::string(40, 'a'), false, true, {}}, {std::string(40, 'b'), false, false, {}}};
    up.answers.push_back({200, down.size, {}});
    up.body.steps = {{std::string(40, 'c'), false, false, {}}, {std::string(40, 'd'), true, false, {}}};
  }

  net::task<bool> run(int refused, std::optional<relay_outcome>& out) {
    const relay_request request{down, up, "/", 0, false, nullptr, nullptr};
    support::refuse_memory::at(refused);
    try {
      net::task<relay_outcome> all = relay(request, hooks, loop.context.get_executor());
      out = co_await all;
    } catch (const std::bad_alloc&) {
      // Of its frame: it has not begun.
    }
    left_behind = down.readers;
    co_return support::refuse_memory::stop();  // somebody was refused
  }
};

TEST_CASE("relay: whichever allocation fails, the upload has ended when the relay has") {
  bool refused = true;
  int faults = 0;
  for (int n = 1; refused; ++n) {
    INFO("allocation " << n);
    REQUIRE(n < 1000);
    long_exchange set;
    std::optional<relay_outcome> out;
    refused = set.loop.finish(set.run(n, out));
    CHECK(set.left_behind == 0);
    if (!out || !out->fault) continue;
    ++faults;
    CHECK(out->fault->code() == fault_code::connection_limit_reached);
    CHECK(set.up.interrupted);
  }
  CHECK(faults > 3);
}

/// A tunnel with as much to pass on either way as needs a block.
struct busy_tunnel {
  support::event_loop loop;
  wire::buffer_pool buffers;
  support::connection down = support::connected(loop);
  support::connection up = support::connected(loop);

  busy_tunnel() {
    down.far.send(std::string(20'000, 'u'));
    up.far.send(std::string(20'000, 'd'));
  }

  net::task<bool> run(int refused, std::optional<tunnel_outcome>& out) {
    tunnel between(wire::raw_connection(down.near.get()), wire::raw_connection(up.near.get()), buffers,
                   std::chrono::milliseconds(0));
    support::refuse_memory::at(refused);
    try {
      net::task<tunnel_outcome> all = between.run();
      out = co_await all;
    } catch (const std::bad_alloc&) {
      // Of its frame: it has not begun.
    }
    co_return support::refuse_memory::stop();
  }
  /// Takes what has come at the far ends; they are not short of memory.
  void take_all() {
    const support::refuse_memory::pause ours;
    down.far.receive();
    up.far.receive();
  }
};

TEST_CASE("tunnel: whichever allocation fails, both directions have ended when the tunnel has") {
  bool refused = true;
  int ended = 0;
  for (int n = 1; refused; ++n) {
    INFO("allocation " << n);
    REQUIRE(n < 1000);
    busy_tunnel set;
    std::optional<tunnel_outcome> out;
    const auto over = set.loop.start(set.run(n, out));
    set.down.far.shut_write();
    set.up.far.shut_write();
    set.loop.until([&] {
      set.take_all();
      return over->has_value();
    });
    refused = **over;
    if (!out || out->end != tunnel_end::no_memory) continue;
    ++ended;
    CHECK(fault_of(out->end).code() == fault_code::connection_limit_reached);
    CHECK_FALSE(set.down.near->is_open());
    CHECK_FALSE(set.up.near->is_open());
  }
  CHECK(ended > 1);
}

}  // namespace
}  // namespace sidespan::forward::test
#endif

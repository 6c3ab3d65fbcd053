// SPDX-License-Identifier: Apache-2.0
//
// A pool when one allocation fails, whichever it is: nothing that it counts is lost. Not under the
// sanitizers (support/refuse_memory).
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <catch2/catch.hpp>
#include <new>
#include <utility>

#include "support/loopback.hpp"
#include "support/refuse_memory.hpp"
#include "upstream/pool.hpp"

namespace sidespan::upstream::test {
namespace {

using namespace std::chrono_literals;

/// A cluster that may have one connection.
struct short_of_memory {
  support::event_loop loop;
  support::listening at;
  wire::buffer_pool buffers;
  upstream::pool pool;
  cluster_settings settings;

  explicit short_of_memory(const std::vector<std::string>& hosts)
      : pool(loop.context, loop.wheel, buffers, {}, net::resolver::ways(&look_up)) {
    settings.name = "one";
    for (const std::string& host : hosts) settings.endpoints.push_back({host, at.port()});
    settings.policy.max_connections = 1;
    settings.policy.eject_after = 0;
  }
  static base::result<net::addresses> look_up(const std::string&) {
    return net::addresses{net::asio::ip::address_v4::loopback()};
  }
  group& of() { return pool.find(settings, "one"); }

  /// Connects with that allocation refused; whether somebody was refused.
  net::task<bool> connect(int refused) {
    pool::limits limits;
    limits.connect_timeout = 2s;
    support::refuse_memory::at(refused);
    try {
      auto connecting = pool.connect(of(), limits);
      const auto made = co_await connecting;
    } catch (const std::bad_alloc&) {
      // The exchange answers that.
    }
    co_return support::refuse_memory::stop();
  }
};

TEST_CASE("pool: whichever allocation fails, the next request finds a place and an address") {
  const auto hosts =
      GENERATE(as<std::vector<std::string>>{}, std::vector<std::string>{"app.test"},
               std::vector<std::string>{"127.0.0.1"}, std::vector<std::string>{"127.0.0.1", "127.0.0.2"});
  bool refused = true;
  for (int n = 1; refused; ++n) {
    INFO("allocation " << n << " of " << hosts.back());
    REQUIRE(n < 1000);
    short_of_memory set(hosts);
    set.pool.find(set.settings, "one");
    refused = set.loop.finish(set.connect(n));
    set.loop.settle();
    pool::limits limits;
    limits.connect_timeout = 2s;
    const auto made = set.loop.finish(set.pool.connect(set.of(), limits));
    CHECK(made);
  }
}

TEST_CASE("pool: whichever allocation fails for one that waits, the connection goes to the next") {
  bool refused = true;
  for (int n = 1; refused; ++n) {
    INFO("allocation " << n);
    REQUIRE(n < 1000);
    short_of_memory set({"127.0.0.1"});
    pool::limits limits;
    limits.connect_timeout = 2s;
    auto first = set.loop.finish(set.pool.connect(set.of(), limits));
    REQUIRE(first);
    const auto waits = set.loop.start(set.connect(n));
    first->give_back();
    set.loop.until([&waits] { return waits->has_value(); });
    refused = **waits;
    CHECK(set.loop.finish(set.pool.connect(set.of(), limits)));
  }
}

}  // namespace
}  // namespace sidespan::upstream::test
#endif

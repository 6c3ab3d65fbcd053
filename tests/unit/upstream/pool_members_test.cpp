// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>

#include "unit/net/hanging_names.hpp"
#include "unit/upstream/grouping.hpp"
#include "upstream/group.hpp"

// Endpoints and clusters that come and go while there are connections to them and requests that wait for them.

namespace sidespan::upstream::test {
namespace {

net::addresses at(std::initializer_list<const char*> list) {
  net::addresses out;
  for (const char* each : list) out.push_back(net::asio::ip::make_address(each));
  return out;
}

/// A cluster of one name.
struct named : grouping {
  explicit named(std::initializer_list<const char*> first) {
    settings.endpoints = {{"catalog.test", one.port()}};
    settings.policy.dns_refresh = 10ms;
    answer = at(first);
  }
  /// Until the cluster has heard another answer, wanted all the while by `want`.
  template <class Want>
  void hear(std::initializer_list<const char*> next, Want want) {
    answer = at(next);
    passed += 1h;
    const auto before = told.count(event::dns_changed);
    loop.until([&] {
      if (told.count(event::dns_changed) != before) return true;
      want();
      return false;
    });
  }
};

/// More clusters than a pool keeps.
void meet_many(pool& by) {
  for (int i = 0; i < 1100; ++i) (void)by.find(endpoint{"x" + std::to_string(i) + ".test", 80});
}

}  // namespace

TEST_CASE("pool: an endpoint is as busy as it has requests in flight") {
  grouping g;
  auto lease = g.connect();
  const member* to = lease.endpoint();
  CHECK(to->in_flight == 1);
  g.serve(lease);
  lease.give_back();
  CHECK(to->in_flight == 0);
  g.settings.policy.balance = policy::balance::round_robin;
  auto other = g.connect();
  CHECK(other.endpoint()->in_flight == 1);
}

TEST_CASE("pool: who finds nothing idle connects to the endpoint whose turn it was") {
  grouping g;
  std::vector<pool::lease> leases;
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(g.pool.take_idle(g.of(), {}));
    leases.push_back(g.connect());
  }
  for (std::size_t i = 1; i < leases.size(); ++i) CHECK(g.port(leases[i]) != g.port(leases[i - 1]));
}

TEST_CASE("pool: an idle connection does not expire by the limits of the exchange before") {
  grouping g;
  g.settings.endpoints.pop_back();
  pool::limits hasty;
  hasty.idle_timeout = 20ms;
  auto lease = g.connect(hasty);
  g.serve(lease);
  lease.give_back();
  g.loop.run_for(80ms);
  CHECK_FALSE(g.far[0].sees_end());
  CHECK(g.pool.take_idle(g.of(), {}));
}

TEST_CASE("pool: of addresses that are gone, what idles is closed, what is in use is kept until it comes back") {
  named n({"127.0.0.1"});
  auto used = n.connect();
  n.serve(used);
  auto idle = n.connect();
  n.serve(idle);
  idle.give_back();
  CHECK(n.pool.idle_count() == 1);
  n.hear({"127.0.0.2", "127.0.0.3"}, [&n] {
    if (n.refused() == base::fault_code::none) (void)n.one.accept();  // its queue is short
  });
  CHECK(n.pool.idle_count() == 0);
  CHECK(n.far[1].sees_end());
  CHECK_FALSE(n.far[0].sees_end());
  REQUIRE(n.of().cluster.retired().size() == 1);
  const auto ejected = n.told.count(event::ejected);
  used.failed();
  CHECK(n.told.count(event::ejected) == ejected);
  used.give_back();
  CHECK(n.far[0].sees_end());
  CHECK(n.of().cluster.retired().empty());
}

TEST_CASE("pool: what was picked before another answer came is not connected to") {
  named n({"127.0.0.1"});
  const auto used = n.connect();  // the former address still answers
  n.hear({"127.0.0.2"}, [&n] { (void)n.pool.take_idle(n.of(), {}); });
  CHECK(n.refused() == base::fault_code::connection_refused);
}

TEST_CASE("pool: the family of addresses that answered is used from then on") {
  named n({"::1", "127.0.0.1"});
  (void)n.connect();
  for (const auto& each : n.of().cluster.members()) CHECK(each->fallback == each->where.address.address().is_v6());
}

TEST_CASE("pool: tells how long the name and connecting took") {
  named n({"127.0.0.1"});
  net::opening first, second;
  pool::limits limits;
  limits.spent = &first;
  (void)n.connect(limits);
  CHECK(first.resolve.count() >= 0);
  CHECK(first.connect.count() >= 0);
  limits.spent = &second;
  (void)n.connect(limits);
  CHECK(second.resolve.count() == -1);  // it had been looked up
  CHECK(second.connect.count() >= 0);
}

TEST_CASE("pool: of very many clusters those without connections are forgotten") {
  grouping g;
  auto first = g.connect();
  const auto bad = g.port(first);
  first.failed();
  first.give_back();
  const auto connected = [&g] {
    std::set<std::uint16_t> out;
    for (int i = 0; i < 4; ++i) {
      auto lease = g.connect();
      out.insert(g.port(lease));
    }
    return out;
  };
  CHECK(connected().count(bad) == 0);
  meet_many(g.pool);
  CHECK(connected().count(bad) == 1);  // what it did has been forgotten, too
}

TEST_CASE("pool: a cluster with idle connections is not forgotten") {
  grouping g;
  g.settings.endpoints.pop_back();
  auto lease = g.connect();
  g.serve(lease);
  lease.give_back();
  meet_many(g.pool);
  CHECK(g.pool.take_idle(g.of(), {}));
}

namespace {

struct beside_hanging_name {
  net::test::hanging_names names;
  support::event_loop loop;
  wire::buffer_pool buffers;
  upstream::pool pool{loop.context, loop.wheel, buffers, keeping(8),
                      net::resolver::ways(&net::test::hanging_names::ask)};
  cluster_settings settings;

  beside_hanging_name() {
    settings.name = "test";
    settings.endpoints = {{"hangs.test", 80}};
  }
  group& of() { return pool.find(settings, key_of(settings)); }
  auto connect(std::chrono::milliseconds limit) {
    pool::limits limits;
    limits.connect_timeout = limit;
    return loop.start(pool.connect(of(), limits));
  }
};

}  // namespace

TEST_CASE("pool: a name that hangs is waited for as long as the request may connect") {
  beside_hanging_name b;
  const auto hasty = b.connect(30ms);
  const auto patient = b.connect(1h);
  CHECK(b.of().looking_up == 1);
  b.loop.until([&] { return hasty->has_value(); });
  REQUIRE_FALSE(**hasty);
  CHECK((**hasty).error().code() == base::fault_code::dns_timeout);
  CHECK_FALSE(patient->has_value());
  b.pool.close_idle();
  b.loop.until([&] { return patient->has_value(); });
  REQUIRE_FALSE(**patient);
  CHECK((**patient).error().code() == base::fault_code::shutting_down);
}

}  // namespace sidespan::upstream::test

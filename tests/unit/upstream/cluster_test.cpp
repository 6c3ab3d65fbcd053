// SPDX-License-Identifier: Apache-2.0
#include "upstream/cluster.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

namespace sidespan::upstream::test {
namespace {

using namespace std::chrono_literals;

cluster::time now_is;
cluster::time now() { return now_is; }

cluster_settings settings_of(std::vector<endpoint> endpoints,
                             enum policy::balance balance = policy::balance::least_request) {
  cluster_settings out;
  out.name = "test";
  out.endpoints = std::move(endpoints);
  out.policy.balance = balance;
  out.policy.eject_after = 1;
  out.policy.eject_time = 10s;
  return out;
}

cluster three(enum policy::balance balance = policy::balance::least_request) {
  now_is = cluster::time{1h};
  return cluster(settings_of({{"10.0.0.1", 80}, {"10.0.0.2", 80}, {"10.0.0.3", 80}}, balance), 7, &now);
}

std::string picked(cluster& of, const member* avoid = nullptr) {
  bool panic = false;
  const member* one = of.pick(avoid, panic);
  return one == nullptr ? "" : (panic ? "panic " : "") + one->name;
}

std::map<std::string, int> count(cluster& of, int times, const member* avoid = nullptr) {
  std::map<std::string, int> out;
  for (int i = 0; i < times; ++i) ++out[picked(of, avoid)];
  return out;
}

net::addresses at(std::initializer_list<const char*> list) {
  net::addresses out;
  for (const char* each : list) out.push_back(net::asio::ip::make_address(each));
  return out;
}

std::set<std::string> names(const cluster& of) {
  std::set<std::string> out;
  for (const auto& each : of.members()) out.insert(each->name);
  return out;
}

}  // namespace

TEST_CASE("cluster: literal addresses and unix sockets are endpoints at once, names are not") {
  const cluster one(settings_of({{"10.0.0.1", 80}, {"::1", 81}, {"/run/x", 0}, {"catalog", 80}}), 1);
  CHECK(names(one) == std::set<std::string>{"10.0.0.1:80", "[::1]:81", "/run/x"});
}

TEST_CASE("cluster: one endpoint is always picked, whatever it did") {
  cluster one(settings_of({{"10.0.0.1", 80}}), 1);
  CHECK(picked(one) == "10.0.0.1:80");
  CHECK_FALSE(one.failed(*one.members()[0]));
  CHECK(picked(one, one.members()[0].get()) == "10.0.0.1:80");
}

TEST_CASE("cluster: nothing is picked before there is an address") {
  cluster one(settings_of({{"catalog", 80}}), 1);
  CHECK(picked(one).empty());
}

TEST_CASE("cluster: round robin takes turns") {
  cluster all = three(policy::balance::round_robin);
  const std::string first = picked(all), second = picked(all), third = picked(all);
  CHECK(std::set<std::string>{first, second, third}.size() == 3);
  CHECK(picked(all) == first);
  CHECK(picked(all) == second);
}

TEST_CASE("cluster: least request never takes the busiest, and all alike when all are idle") {
  cluster all = three();
  const auto even = count(all, 3000);
  for (const auto& each : all.members()) CHECK(even.at(each->name) > 800);
  all.members()[1]->in_flight = 5;
  all.members()[2]->in_flight = 1;
  const auto uneven = count(all, 3000);
  CHECK(uneven.count("10.0.0.2:80") == 0);
  CHECK(uneven.at("10.0.0.1:80") > uneven.at("10.0.0.3:80"));
}

TEST_CASE("cluster: an ejected endpoint is left alone until its time has passed") {
  cluster all = three();
  CHECK(all.failed(*all.members()[0]));
  CHECK(count(all, 100).count("10.0.0.1:80") == 0);
  now_is += 10s;
  CHECK(count(all, 100).count("10.0.0.1:80") == 1);
}

TEST_CASE("cluster: a long ejection is not over with a shorter one that began later") {
  cluster all = three();
  CHECK(all.failed(*all.members()[0]));
  now_is += 10s;
  CHECK(all.failed(*all.members()[0]));  // again: for 20 s
  CHECK(all.failed(*all.members()[1]));
  now_is += 11s;
  const auto used = count(all, 100);
  CHECK(used.count("10.0.0.1:80") == 0);
  CHECK(used.count("10.0.0.2:80") == 1);
}

TEST_CASE("cluster: when all are ejected all are used") {
  cluster all = three();
  for (const auto& each : all.members()) CHECK(all.failed(*each));
  const auto used = count(all, 100);
  CHECK(used.size() == 3);
  CHECK(used.count("panic 10.0.0.2:80") == 1);
  now_is += 10s;
  CHECK(count(all, 100).count("10.0.0.2:80") == 1);
}

TEST_CASE("cluster: who is to be avoided is taken only when there is no other") {
  cluster all = three();
  const member* first = all.members()[0].get();
  CHECK(count(all, 100, first).count(first->name) == 0);
  (void)all.failed(*all.members()[1]);
  CHECK(count(all, 100, first) == std::map<std::string, int>{{"10.0.0.3:80", 100}});
  (void)all.failed(*all.members()[2]);
  CHECK(count(all, 100, first).count("panic 10.0.0.1:80") == 0);
}

TEST_CASE("cluster: connecting goes to the others when the first one fails, ejected ones left out") {
  cluster all = three();
  (void)all.failed(*all.members()[2]);
  const auto order = all.order(*all.members()[1]);
  REQUIRE(order.size() == 2);
  CHECK(order[0] == all.members()[1].get());
  CHECK(order[1] == all.members()[0].get());
}

TEST_CASE("cluster: connecting tries a few of many, not always the same ones") {
  std::vector<endpoint> endpoints;
  for (int i = 1; i <= 20; ++i) endpoints.push_back({"10.0.0." + std::to_string(i), 80});
  cluster many(settings_of(endpoints), 7);
  std::set<const member*> second;
  for (int i = 0; i < 100; ++i) {
    const auto order = many.order(*many.members()[0]);
    REQUIRE(order.size() == 8);
    CHECK(std::set<const member*>(order.begin(), order.end()).size() == 8);
    second.insert(order[1]);
  }
  CHECK(second.size() > 10);
}

TEST_CASE("cluster: the addresses of a name are endpoints") {
  cluster one(settings_of({{"catalog", 80}}), 1);
  CHECK(one.update(0, at({"10.0.0.1", "10.0.0.2"})));
  CHECK(names(one) == std::set<std::string>{"10.0.0.1:80", "10.0.0.2:80"});
  CHECK(count(one, 100).size() == 2);
  CHECK_FALSE(one.update(0, at({"10.0.0.2", "10.0.0.1"})));
  CHECK(one.update(0, at({"10.0.0.2"})));  // one less
  CHECK(names(one) == std::set<std::string>{"10.0.0.2:80"});
}

TEST_CASE("cluster: an address that a name has twice is one endpoint") {
  cluster one(settings_of({{"catalog", 80}}), 1);
  CHECK(one.update(0, at({"10.0.0.1", "10.0.0.1"})));
  CHECK(one.members().size() == 1);
}

TEST_CASE("cluster: another answer replaces addresses, and keeps what is known about those that stay") {
  cluster one(settings_of({{"catalog", 80}, {"10.9.9.9", 80}}), 1);
  (void)one.update(0, at({"10.0.0.1", "10.0.0.2"}));
  const member* stays = nullptr;
  for (const auto& each : one.members()) {
    if (each->name == "10.0.0.2:80") stays = each.get();
  }
  CHECK(one.update(0, at({"10.0.0.2", "10.0.0.3"})));
  CHECK(names(one) == std::set<std::string>{"10.0.0.2:80", "10.0.0.3:80", "10.9.9.9:80"});
  CHECK(std::any_of(one.members().begin(), one.members().end(), [&](const auto& m) { return m.get() == stays; }));
  REQUIRE(one.retired().size() == 1);
  CHECK(one.retired()[0]->name == "10.0.0.1:80");
  CHECK(one.retired()[0]->gone);
}

TEST_CASE("cluster: of a name with both families one is used, the other is what remains") {
  cluster one(settings_of({{"localhost", 80}}), 1);
  (void)one.update(0, at({"::1", "127.0.0.1"}));
  CHECK(count(one, 50) == std::map<std::string, int>{{"[::1]:80", 50}});
  const auto order = one.order(*one.members()[0]);
  REQUIRE(order.size() == 2);
  CHECK(order[1]->name == "127.0.0.1:80");

  one.prefer_family_of(*order[1]);
  CHECK(count(one, 50) == std::map<std::string, int>{{"127.0.0.1:80", 50}});
  (void)one.update(0, at({"::1", "127.0.0.1"}));  // the same answer does not undo it
  CHECK(picked(one) == "127.0.0.1:80");
  (void)one.update(0, at({"::1"}));
  CHECK(picked(one) == "[::1]:80");
}

TEST_CASE("cluster: clusters are one only when everything about them is equal") {
  const auto one = settings_of({{"a", 80}});
  auto other = one;
  CHECK(key_of(one) == key_of(other));
  SECTION("endpoint") { other.endpoints.push_back({"b", 80}); }
  SECTION("port") { other.endpoints[0].port = 81; }
  SECTION("name") { other.name = "other"; }
  SECTION("balance") { other.policy.balance = policy::balance::round_robin; }
  SECTION("limit") { other.policy.max_connections = 1; }
  SECTION("waiting requests") { other.policy.max_pending = 1; }
  SECTION("refresh") { other.policy.dns_refresh = 1s; }
  SECTION("faults before an ejection") { other.policy.eject_after = 2; }
  SECTION("answers that are faults") { other.policy.eject_on_5xx = !one.policy.eject_on_5xx; }
  SECTION("length of an ejection") { other.policy.eject_time = 11s; }
  SECTION("longest ejection") { other.policy.eject_longest = 1h; }
  CHECK(key_of(one) != key_of(other));
}

}  // namespace sidespan::upstream::test

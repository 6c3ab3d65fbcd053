// SPDX-License-Identifier: Apache-2.0
//
// A pool, a cluster of two endpoints whose side the test plays, and names that have the addresses the test says. For
// the unit tests of pools; one thread.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support/loopback.hpp"
#include "upstream/pool.hpp"

namespace sidespan::upstream::test {

using namespace std::chrono_literals;

inline pool_settings keeping(std::size_t idle, std::chrono::milliseconds timeout = 30s) {
  pool_settings out;
  out.idle_per_endpoint = idle;
  out.idle_timeout = timeout;
  return out;
}

/// A cluster of two listeners; what is looked up is said by `answer`.
inline net::addresses answer;
inline int asked = 0;
inline std::function<bool()> scarce;  // out of descriptors
inline base::result<net::addresses> say(const std::string&) {
  ++asked;
  if (scarce && scarce())
    return base::fault(base::fault_code::connection_limit_reached, base::side::internal, base::stage::resolve);
  return answer;
}

/// What the resolver takes for the time.
inline std::chrono::steady_clock::duration passed{};
inline std::chrono::steady_clock::time_point resolver_now() {
  return std::chrono::steady_clock::time_point(1h) + passed;
}

struct heard final : events {
  std::vector<event> all;
  void upstream_event(std::string_view, event what) noexcept override { all.push_back(what); }
  void upstream_connections(int change) noexcept override { most = std::max(most, open += change); }
  int open = 0, most = 0;
  long count(event what) const { return std::count(all.begin(), all.end(), what); }
};

struct grouping {
  support::event_loop loop;
  support::listening one, two;
  wire::buffer_pool buffers;
  heard told;  // by the pool until it is gone
  upstream::pool pool{loop.context, loop.wheel, buffers, keeping(8), {&say, &resolver_now}};
  cluster_settings settings;
  std::deque<support::far_end> far;

  grouping() {
    settings.name = "test";
    settings.endpoints = {{"127.0.0.1", one.port()}, {"127.0.0.1", two.port()}};
    settings.policy.balance = policy::balance::round_robin;
    settings.policy.eject_after = 1;
    pool.tell(&told);
  }
  group& of() { return pool.find(settings, key_of(settings)); }
  pool::lease connect(pool::limits limits = {}) {
    auto made = loop.finish(pool.connect(of(), limits));
    REQUIRE(made);
    return std::move(*made);
  }
  std::uint16_t port(pool::lease& lease) { return lease.exchange().peer_port(); }
  base::fault_code refused(pool::limits limits = {}) {
    const auto made = loop.finish(pool.connect(of(), limits));
    return made ? base::fault_code::none : made.error().code();
  }
  void serve(pool::lease& lease) {
    far.push_back(port(lease) == one.port() ? one.accept() : two.accept());
    http::request_head head;
    head.method = "GET";
    lease.exchange().put_head(head, "/", {});
    REQUIRE(lease.exchange().write_now({}, true, nullptr));
    far.back().send("HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(loop.finish(lease.exchange().read_head()));
  }
};

}  // namespace sidespan::upstream::test

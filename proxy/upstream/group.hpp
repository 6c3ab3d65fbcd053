// SPDX-License-Identifier: Apache-2.0
//
// A cluster with its connections, its queue and its look-ups: pool's own record, on a shard's thread.
#pragma once

#include <list>

#include "base/log.hpp"
#include "net/event.hpp"
#include "upstream/pool.hpp"

namespace sidespan::upstream {

/// A request that waits until a connection comes back or may be opened.
struct pool::waiter {
  explicit waiter(const net::executor& on) : ready(on) {}
  net::event ready;
  pool::lease given;
  bool may_open = false;
};

struct group {
  group(pool& owner, net::deadlines& wheel, const cluster_settings& settings, std::uint64_t seed)
      : owner(owner), cluster(settings, seed), refresh(wheel, &pool::on_refresh, this) {}

  /// Nothing holds on to it.
  bool unused() const noexcept { return open == idle && users == 0; }
  bool full() const noexcept {
    const std::size_t most = cluster.settings().policy.max_connections;
    return most != 0 && (open >= most || !waiting.empty());
  }

  pool& owner;
  upstream::cluster cluster;
  std::size_t open = 0;      // connections, on their way, leased and idle
  std::size_t idle = 0;      // of those
  std::size_t users = 0;     // coroutines that wait
  std::size_t leased = 0;    // requests in flight
  std::size_t retrying = 0;  // of those and of those that connect: repeated ones
  std::list<pool::waiter*> waiting;
  member* picked = nullptr;  // by take_idle(), for a connect() that follows at once
  // Names
  net::deadline refresh;  // armed while every answer is fresh
  bool due = true;
  std::size_t looking_up = 0;
  std::list<net::event*> unresolved;  // requests that wait for the first address
  base::throttle look_up_log, ejection_log;
  base::fault why{base::fault_code::dns_error, base::side::upstream, base::stage::resolve, "name not found"};
};

}  // namespace sidespan::upstream

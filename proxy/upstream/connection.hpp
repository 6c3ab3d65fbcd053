// SPDX-License-Identifier: Apache-2.0
//
// One connection of a pool, idle or leased, and the list that it lives in from its first use to its last. Used by pool
// and cluster; a shard's thread.
#pragma once

#include <list>
#include <memory>

#include "base/clock.hpp"
#include "net/deadlines.hpp"
#include "wire/h1_client.hpp"

namespace sidespan::upstream {

class pool;
struct member;
struct group;

struct connection {
  connection(pool& owner, group& cluster, member& to, std::unique_ptr<net::stream> stream,
             std::chrono::milliseconds idle_timeout);
  ~connection();

  pool& owner;
  group& cluster;
  member& to;
  wire::h1_client http;
  net::deadline expiry;      // armed while idle
  base::steady_time used{};  // `began` of the last exchange; 0: unknown

  /// In use so short a time ago that asking costs more than the rare repetition.
  bool hot_at(base::steady_time now) const noexcept {
    return now.ns != 0 && used.ns != 0 && now - used < std::chrono::milliseconds(100);
  }
};

// Moving a connection from idle to leased and back is a splice of a list node: it cannot fail.
using connections = std::list<connection>;

}  // namespace sidespan::upstream

// SPDX-License-Identifier: Apache-2.0
//
// What the exchanges of one shard share: references to what app made, and the shard's own book of connections. Lives on
// the shard's thread; only the atomics are read from others.
#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/wall_anchor.hpp"
#include "correlate/ladder.hpp"
#include "correlate/ledger.hpp"
#include "forward/door.hpp"
#include "forward/observer.hpp"
#include "forward/snapshot.hpp"
#include "net/deadlines.hpp"
#include "trace/sink.hpp"
#include "upstream/pool.hpp"
#include "wire/buffers.hpp"

namespace sidespan::forward {

class connection;
class opaque_connection;

/// Common to all shards of the process; made by app, outlives every shard.
struct process {
  const base::clock& clock;
  /// Null when correlation is off.
  correlate::ledger* ledger = nullptr;
  correlate::ladder* ladder = nullptr;
  /// Name of the field that carries the request id (rung 1), added inbound when absent; empty: off.
  std::string request_id_field;
  std::vector<std::string> request_id_fields;
  /// Open downstream connections of all legs, and of the inbound one.
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> inbound_connections{0};
  /// Inbound exchanges in flight; outbound listeners stay open until it is 0 (drain).
  std::atomic<std::size_t> inbound_in_flight{0};
  /// Most downstream connections for which the limit of open files is enough: each may need one upstream as well.
  /// Set before the shards start.
  std::size_t connections_by_files = static_cast<std::size_t>(-1);
  std::size_t shards = 1;
};

struct shard {
  process& all;
  net::asio::io_context& loop;
  net::deadlines& wheel;
  wire::buffer_pool& buffers;
  upstream::pool& pool;
  base::random_source& random;
  trace::sink& sink;
  observer& seen;
  /// What the next exchange to begin goes by; a reload puts another one here, on this thread.
  held_snapshot in_force;
  /// How often that has happened.
  std::size_t reloads = 0;
  std::list<connection*> connections;
  std::list<opaque_connection*> opaque;
  bool draining_inbound = false;
  bool draining_outbound = false;
  /// Somebody reads finished_exchange::response_after.
  bool response_times = false;
  base::wall_anchor walls{};

  bool draining(const door& at) const noexcept {
    return at.closed || (at.inbound ? draining_inbound : draining_outbound);
  }
};

}  // namespace sidespan::forward

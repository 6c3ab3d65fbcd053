// SPDX-License-Identifier: Apache-2.0
//
// The export thread and the queues that feed it. Each shard has one intake (a trace::sink, single producer); the worker
// takes from all of them, batches, sends, a bounded number of calls at once, and retries. Shards only ever do a
// non-blocking offer. Every span is in exactly one of the books' columns: recorded = acknowledged + lost(by reason) +
// queued, where queued includes what is sent and not yet acknowledged.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collect/exporter.hpp"
#include "collect/settings.hpp"
#include "trace/sink.hpp"

namespace sidespan::collect {

/// A consistent reading of the counters: the equation above holds in every copy.
struct books {
  std::uint64_t recorded = 0;                    // offered by live spans, dropped ones included
  std::uint64_t acknowledged = 0;                // the receiver said it has them
  std::uint64_t queued = 0;                      // waiting or in flight
  std::uint64_t in_flight = 0;                   // part of `queued`: in the requests being sent or retried now
  std::map<std::string, std::uint64_t> dropped;  // before sending: queue_full, shutdown
  std::map<std::string, std::uint64_t> lost;     // by the exporter: status or partial_success
};

class worker {
 public:
  /// `shards` intakes are made at once. The thread starts with start().
  worker(const settings& settings, std::unique_ptr<exporter> exporter, std::size_t shards);
  ~worker();  // as stop() with no time left

  trace::sink& intake(std::size_t shard) noexcept;
  void start();
  /// Sends what is queued until `deadline`, then drops the rest as `shutdown` and joins. Never later than the deadline
  /// by more than 200 ms, even with a receiver that hangs.
  void stop(std::chrono::steady_clock::time_point deadline);

  books read_books() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sidespan::collect

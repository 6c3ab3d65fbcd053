// SPDX-License-Identifier: Apache-2.0
//
// Keeps spans by trace, below a size and an age. Written by viewer only, on its thread; query reads the same database
// there. Spans may come late, out of order or twice, the root last: every span moves its trace's summary to what is
// known so far.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "viewer/database.hpp"
#include "viewer/model.hpp"

namespace sidespan::viewer {

struct store_limits {
  std::uint64_t max_size;
  std::chrono::seconds max_age;  // 0: no limit
};

struct store_counts {
  std::int64_t spans = 0;
  std::int64_t traces = 0;
  std::uint64_t bytes = 0;
  std::uint64_t dropped_spans = 0;    // evicted, or without valid ids
  std::uint64_t dropped_traces = 0;   // evicted
  std::uint64_t duplicate_spans = 0;  // same trace and span id: the first one stays
};

class store {
 public:
  /// Evicts at once what an older run left over the limits. Throws database_error.
  store(database& data, store_limits limits, const base::clock& clock);
  ~store();

  /// Stores the batch in one transaction and returns the row numbers of the traces it touched. When it throws, none of
  /// the batch is stored. The limits are evict()'s to keep, so that its troubles are not taken for a lost batch.
  std::vector<std::int64_t> insert(std::span<const span> batch);

  /// Drops whole traces, oldest arrival first, until both limits hold again. Throws database_error.
  void evict();

  store_counts counts();

 private:
  struct trace_row;
  struct owner_row;
  struct statements;
  struct batch_state;

  trace_row& trace_of(batch_state& state, const span& item);
  owner_row owner_of(batch_state& state, const span& item);
  bool insert_span(const trace_row& trace, const owner_row& owner, const span& item);
  void write_back(batch_state& state);
  bool over_limits(bool evicting);
  std::int64_t drop_oldest();

  database& data_;
  store_limits limits_;
  const base::clock& clock_;
  std::unique_ptr<statements> sql_;
  store_counts counts_;
};

}  // namespace sidespan::viewer

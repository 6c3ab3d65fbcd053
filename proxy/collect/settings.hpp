// SPDX-License-Identifier: Apache-2.0
//
// Settings of collecting and exporting spans: plain values, checked by config. Copied at start-up.
#pragma once

#include <chrono>
#include <cstddef>

namespace sidespan::collect {

struct settings {
  /// Most finished spans that wait for export, per process; divided among the shards.
  std::size_t queue_spans = 8192;
  /// Most spans of one export request; reaching it exports early. 1..queue_spans
  std::size_t batch_spans = 512;
  /// Longest time a finished span waits before its batch is sent.
  std::chrono::milliseconds delay{200};
  /// First and longest time from the start of one try of a batch to the next (exponential, with jitter). The longest is
  /// short because spans are to flow again within 5 s of the collector's recovery.
  std::chrono::milliseconds retry_initial{500};
  std::chrono::milliseconds retry_max{3000};
  /// A batch is given up after this long; until then it counts as queued.
  std::chrono::milliseconds retry_total{120000};
};

}  // namespace sidespan::collect

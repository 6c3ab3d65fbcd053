// SPDX-License-Identifier: Apache-2.0
//
// Settings of collecting and exporting spans: plain values, checked by config. Copied at start-up.
#pragma once

#include <chrono>
#include <cstddef>

namespace sidespan::collect {

struct settings {
  /// Most finished spans that wait for export, per process; divided among the shards.
  std::size_t queue_spans = 65536;
  /// Most memory of these; divided likewise.
  std::size_t queue_bytes = 16 * 1024 * 1024;
  /// Most spans of one export request. 1..queue_spans
  std::size_t batch_spans = 8192;
  /// So many make a request without waiting for more; what has gathered meanwhile goes with them. Fewer cost more
  /// processor time per span, more hold up the shard for longer where both share a core: ADR 18.
  std::size_t early_spans = 512;
  /// Most bytes of spans of one request: collectors refuse messages of more than 4 MiB unless told otherwise.
  std::size_t batch_bytes = 3584 * 1024;
  /// Most calls under way at once, each with a batch. 1..16
  std::size_t calls = 2;
  /// A call gets company when it takes longer than this: one that is answered sooner is not in the way.
  std::chrono::milliseconds overlap_after{10};
  /// Longest time a finished span waits before its batch is sent.
  std::chrono::milliseconds delay{200};
  /// First and longest time from the start of one try of a batch to the next (exponential, with jitter). The longest is
  /// short because spans are to flow again within 5 s of the collector's recovery.
  std::chrono::milliseconds retry_initial{500};
  std::chrono::milliseconds retry_max{3000};
  /// A batch is given up after this long; until then it counts as queued.
  std::chrono::milliseconds retry_total{120000};

  friend bool operator==(const settings&, const settings&) = default;
};

}  // namespace sidespan::collect

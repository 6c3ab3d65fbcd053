// SPDX-License-Identifier: Apache-2.0
//
// How the worker sends a parcel of encoded spans. Implemented by otlp/grpc_exporter and by a fake in tests. Called on
// the worker's thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "collect/queue.hpp"

namespace sidespan::collect {

/// What came of one try.
struct export_outcome {
  enum class kind : std::uint8_t { accepted, retry, rejected };
  kind kind = kind::accepted;
  /// accepted: spans the receiver refused (partial success; never retried).
  std::uint64_t refused = 0;
  /// A status name or reason of low cardinality ("unavailable", "deadline_exceeded", "partial_success"): error_type in
  /// metrics.
  std::string reason;
  /// For the log.
  std::string message;
  /// RetryInfo of the server; nullopt: our own back-off.
  std::optional<std::chrono::milliseconds> retry_after;
};

class exporter {
 public:
  virtual ~exporter() = default;
  /// Blocks until answered or `deadline` has passed or cancel() was called. A parcel is sent again as it is.
  virtual export_outcome send(const parcel& spans, std::chrono::steady_clock::time_point deadline) = 0;
  /// Makes a running send() return soon; from any thread.
  virtual void cancel() noexcept = 0;
};

}  // namespace sidespan::collect

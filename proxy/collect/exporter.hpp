// SPDX-License-Identifier: Apache-2.0
//
// How the worker sends parcels of encoded spans, several calls at once. Implemented by otlp/grpc_exporter and by a fake
// in tests. Called on the worker's thread only, cancel() excepted.
#pragma once

#include <chrono>
#include <cstddef>
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

/// A call that is over.
struct ended_call {
  std::size_t number = 0;
  export_outcome outcome;
};

class exporter {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  virtual ~exporter() = default;
  /// Begins a call that ends by `deadline`, whatever happens; `number` tells it from others under way. A parcel is sent
  /// again as it is, and need not outlive this function. std::bad_alloc: no call has begun.
  virtual void start(std::size_t number, const parcel& spans, time_point deadline) = 0;
  /// Blocks until a call ends, in whatever order they do, or until `until`: nullopt then. At least one is under way.
  virtual std::optional<ended_call> wait(time_point until) = 0;
  /// Makes the calls under way end soon; from any thread.
  virtual void cancel() noexcept = 0;
};

}  // namespace sidespan::collect

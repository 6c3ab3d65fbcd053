// SPDX-License-Identifier: Apache-2.0
//
// How the worker sends a batch. Implemented by otlp/grpc_exporter and by a fake in tests. Called on the worker's thread
// only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trace/record.hpp"

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
  /// Turns records into what is sent, once per batch; further tries send the same bytes.
  class batch {
   public:
    virtual ~batch() = default;
    static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
    /// How many of the first records it stands for; the rest did not fit and go into the next batch.
    std::size_t spans = all;
    /// Of these, left out because one alone is over the size limit of a request.
    std::size_t oversized = 0;
  };
  virtual std::unique_ptr<batch> encode(const std::vector<trace::record>& records) = 0;
  /// Blocks until answered or `deadline` has passed or cancel() was called.
  virtual export_outcome send(const batch& batch, std::chrono::steady_clock::time_point deadline) = 0;
  /// Makes a running send() return soon; from any thread.
  virtual void cancel() noexcept = 0;
};

}  // namespace sidespan::collect

// SPDX-License-Identifier: Apache-2.0
//
// What a collector's answer means (specs §4.2): accepted, to be retried, or refused for good. Used by grpc_exporter;
// pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "collect/exporter.hpp"

namespace sidespan::otlp {

/// A gRPC status as it came.
struct call_status {
  int code = 0;
  std::string message;
  /// grpc-status-details-bin, decoded: a google.rpc.Status; may be empty or nonsense.
  std::string details;
};

/// `response`: the ExportTraceServiceResponse of a call that ended with OK; nonsense counts as "all accepted".
collect::export_outcome judge(const call_status& status, std::string_view response);

/// `unavailable`, `deadline_exceeded`, …; `unknown` for a number that is none.
std::string_view status_name(int code) noexcept;

/// The delay of a RetryInfo (specs OT-23). nullopt: there is none; zero: it names no time.
std::optional<std::chrono::milliseconds> retry_delay(std::string_view details) noexcept;

}  // namespace sidespan::otlp

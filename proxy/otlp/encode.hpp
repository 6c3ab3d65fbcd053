// SPDX-License-Identifier: Apache-2.0
//
// Records → the bytes of an ExportTraceServiceRequest (specs §4.3, §4.4), without protobuf objects: measure first, then
// write into memory of exactly that size, which becomes the slice that is sent. Used by grpc_exporter on the export
// thread; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "trace/record.hpp"

namespace sidespan::otlp {

/// OTLP's default cap of a request before compression (specs OT-8).
inline constexpr std::size_t max_request_bytes = 64 * 1024 * 1024;

class encoder {
 public:
  /// `resource`: a rendered Resource message.
  explicit encoder(const std::string& resource, std::size_t max_bytes = max_request_bytes);

  /// What one request holds.
  struct plan {
    /// Size of each of the first records as a Span message; 0: too large for any request, left out.
    std::vector<std::uint32_t> span_sizes;
    /// How many of these are left out.
    std::size_t oversized = 0;
    std::size_t scope_bytes = 0;
    std::size_t resource_bytes = 0;
    /// Of the whole request; 0: there is nothing to send.
    std::size_t bytes = 0;
  };
  /// As many of the first records as fit; at least one.
  plan measure(std::span<const trace::record> records) const;
  /// `to` has room for plan.bytes; `records` are those that were measured.
  void write(std::span<const trace::record> records, const plan& plan, std::uint8_t* to) const;

 private:
  /// The sizes of all that encloses `spans` bytes of spans.
  void close(plan& plan, std::size_t spans) const noexcept;

  std::string resource_;  // ResourceSpans.resource with its tag
  std::string scope_;     // ScopeSpans.scope with its tag
  std::string schema_;    // schema_url with its tag, the same in both
  std::size_t max_bytes_;
};

}  // namespace sidespan::otlp

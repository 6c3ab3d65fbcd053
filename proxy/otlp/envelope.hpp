// SPDX-License-Identifier: Apache-2.0
//
// What makes an ExportTraceServiceRequest (specs §4.3) of encoded spans: the bytes in front of them and behind them.
// Used by grpc_exporter on the export thread; pure.
#pragma once

#include <cstddef>
#include <string>

namespace sidespan::otlp {

class envelope {
 public:
  /// `resource`: a rendered Resource message.
  explicit envelope(const std::string& resource);

  /// In front of `spans` bytes of ScopeSpans.spans.
  std::string front(std::size_t spans) const;
  const std::string& back() const noexcept { return back_; }

 private:
  std::string resource_;  // ResourceSpans.resource with its tag
  std::string scope_;     // ScopeSpans.scope with its tag
  std::string schema_;    // schema_url with its tag, the same in both
  std::string back_;
};

}  // namespace sidespan::otlp

// SPDX-License-Identifier: Apache-2.0
//
// OTLP/gRPC trace receiver for the viewer. gRPC's own threads; the callback runs on them, several at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "otlp/settings.hpp"

namespace opentelemetry::proto::collector::trace::v1 {
class ExportTraceServiceRequest;
}

namespace sidespan::otlp {

class receiver {
 public:
  using request = opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;
  using on_request = std::function<void(const request&)>;

  /// Binds at once (port 0: any). Throws std::runtime_error naming the address when it cannot.
  receiver(const receiver_settings& settings, on_request callback);
  ~receiver();

  int port() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sidespan::otlp

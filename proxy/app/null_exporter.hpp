// SPDX-License-Identifier: Apache-2.0
//
// The exporter of OTEL_TRACES_EXPORTER=none: takes every batch and forgets it. Used by app/sidecar; the worker's
// thread.
#pragma once

#include "collect/exporter.hpp"

namespace sidespan::app {

class null_exporter final : public collect::exporter {
 public:
  collect::export_outcome send(const collect::parcel&, std::chrono::steady_clock::time_point) override { return {}; }
  void cancel() noexcept override {}
};

}  // namespace sidespan::app

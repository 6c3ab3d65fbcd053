// SPDX-License-Identifier: Apache-2.0
//
// The exporter of OTEL_TRACES_EXPORTER=none: takes every batch and forgets it. Used by app/sidecar; the worker's
// thread.
#pragma once

#include "collect/exporter.hpp"

namespace sidespan::app {

class null_exporter final : public collect::exporter {
 public:
  std::unique_ptr<batch> encode(const std::vector<trace::record>&) override { return std::make_unique<batch>(); }
  collect::export_outcome send(const batch&, std::chrono::steady_clock::time_point) override { return {}; }
  void cancel() noexcept override {}
};

}  // namespace sidespan::app

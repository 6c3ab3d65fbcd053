// SPDX-License-Identifier: Apache-2.0
//
// The exporter of OTEL_TRACES_EXPORTER=none: takes every batch and forgets it. Used by app/sidecar; the worker's
// thread.
#pragma once

#include <optional>
#include <utility>

#include "collect/exporter.hpp"

namespace sidespan::app {

class null_exporter final : public collect::exporter {
 public:
  void start(std::size_t number, const collect::parcel&, time_point) override { ended_.emplace(number); }
  std::optional<collect::ended_call> wait(time_point) override {
    if (!ended_) return std::nullopt;
    return collect::ended_call{*std::exchange(ended_, std::nullopt), {}};
  }
  void cancel() noexcept override {}

 private:
  std::optional<std::size_t> ended_;
};

}  // namespace sidespan::app

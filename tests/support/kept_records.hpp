// SPDX-License-Identifier: Apache-2.0
//
// A sink that keeps what it is offered; for unit tests, one thread.
#pragma once

#include <utility>
#include <vector>

#include "trace/sink.hpp"

namespace sidespan::support {

struct kept_records final : trace::sink {
  std::vector<trace::record> all;
  void offer(trace::record&& finished) noexcept override { all.push_back(std::move(finished)); }
};

}  // namespace sidespan::support

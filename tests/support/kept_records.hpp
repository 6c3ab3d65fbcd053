// SPDX-License-Identifier: Apache-2.0
//
// A sink that keeps what it is offered, read back; for unit tests, one thread.
#pragma once

#include <vector>

#include "support/read_span.hpp"
#include "trace/sink.hpp"

namespace sidespan::support {

struct kept_records final : trace::sink {
  std::vector<span> all;
  void offer(trace::record&& finished) noexcept override { all.push_back(read(finished)); }
};

}  // namespace sidespan::support

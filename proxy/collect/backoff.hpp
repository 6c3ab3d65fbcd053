// SPDX-License-Identifier: Apache-2.0
//
// How long to wait between tries: exponential with jitter (specs OT-21). Pure; used by the worker on its thread.
#pragma once

#include <chrono>

#include "base/random.hpp"

namespace sidespan::collect {

class backoff {
 public:
  /// 0 < initial <= longest. `random` outlives it.
  backoff(std::chrono::milliseconds initial, std::chrono::milliseconds longest, base::random_source& random);

  /// Uniform in the upper half of the step; the step doubles each time up to `longest`, which is never exceeded.
  std::chrono::milliseconds next();

 private:
  std::chrono::milliseconds step_;
  std::chrono::milliseconds longest_;
  base::random_source& random_;
};

}  // namespace sidespan::collect

// SPDX-License-Identifier: Apache-2.0
//
// How long one try may take. A collector that hangs swallows the request it hangs on: waiting OTLP's ten seconds for it
// would keep spans from flowing long after the collector is back (they are to flow again within 5 s). So a collector
// known to be fast gets less, and after a time-out less still. Pure; used by grpc_exporter on the export thread.
#pragma once

#include <chrono>

namespace sidespan::otlp {

class patience {
 public:
  using milliseconds = std::chrono::milliseconds;

  /// `limit`: what is configured, never exceeded.
  explicit patience(milliseconds limit) noexcept : limit_(limit) {}

  milliseconds next() const noexcept;
  /// It answered, whatever it said, after that time.
  void answered(milliseconds took) noexcept;
  void timed_out() noexcept { ++timeouts_; }

 private:
  milliseconds limit_;
  milliseconds usual_{0};  // decaying maximum of the answer times
  bool known_ = false;
  unsigned timeouts_ = 0;
};

}  // namespace sidespan::otlp

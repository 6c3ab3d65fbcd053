// SPDX-License-Identifier: Apache-2.0
//
// Settings of correlation: plain values, checked by config. Copied at start-up.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sidespan::correlate {

struct settings {
  /// Rungs that may answer; all off: outbound requests without a context start a new trace.
  bool header = true;      // rung 1
  bool exclusive = true;   // rung 4
  bool candidates = true;  // rung 6
  /// Below this confidence nothing is asserted. 0..1
  double threshold = 0.98;
  /// Names of correlation id fields, in order of trust; the first is added inbound when absent.
  std::vector<std::string> id_fields = {"x-request-id", "x-correlation-id", "x-amzn-trace-id", "cf-ray"};
  /// Most candidate links on one span. 0..32
  std::size_t candidate_links = 8;
  /// Most inbound exchanges in flight that the ledger can tell apart.
  std::size_t ledger_slots = 4096;

  friend bool operator==(const settings&, const settings&) = default;
};

}  // namespace sidespan::correlate

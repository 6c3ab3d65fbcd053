// SPDX-License-Identifier: Apache-2.0
//
// One blocking GET to the admin page of a running sidespan, for health and wait. Main thread.
#pragma once

#include <chrono>
#include <string>

namespace sidespan::cli {

struct probe_result {
  /// 0: no answer.
  int status = 0;
  /// Why there was none.
  std::string problem;
};

/// `admin` is address:port, or a port on 127.0.0.1.
probe_result probe(const std::string& admin, const std::string& path, std::chrono::milliseconds timeout);

/// Where the admin page is when nobody says: SIDESPAN_ADMIN_LISTEN with an address that can be called, else the
/// default.
std::string default_admin();

}  // namespace sidespan::cli

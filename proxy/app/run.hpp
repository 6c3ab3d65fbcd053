// SPDX-License-Identifier: Apache-2.0
//
// The two long-running jobs of the program, as cli calls them from the main thread. Both return the process's exit code
// (0 ended cleanly, 1 failed while running, 3 forced shutdown) after SIGTERM or SIGINT, and log what went wrong. At
// SIGHUP the sidecar reads its configuration again.
#pragma once

#include <string>

#include "app/reload.hpp"
#include "app/settings.hpp"
#include "viewer/settings.hpp"

namespace sidespan::app {

struct run_options {
  /// Print the ports that were really bound as one line of JSON on stdout, once everything listens.
  bool print_ports = false;
  /// Reads the configuration again, at SIGHUP. Empty: SIGHUP is ignored.
  reader read_again;
};

/// The sidecar.
int run(const settings& configured, const run_options& options);
/// The viewer alone: its page, and an OTLP/gRPC receiver on `otlp_listen`.
int run_viewer(const viewer::settings& configured, const std::string& otlp_listen, const run_options& options);

}  // namespace sidespan::app

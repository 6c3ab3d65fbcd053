// SPDX-License-Identifier: Apache-2.0
//
// The command line: parses it and runs one sub-command, on the main thread. Used by main alone.
#pragma once

namespace sidespan::cli {

/// Exit codes, the same for every sub-command.
enum exit_code : int {
  ok = 0,
  failed = 1,     // while running
  usage = 2,      // wrong usage or configuration: do not restart
  forced = 3,     // shutdown was forced
  not_ready = 4,  // health, wait
};

int run_program(int argc, const char* const* argv);

}  // namespace sidespan::cli

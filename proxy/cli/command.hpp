// SPDX-License-Identifier: Apache-2.0
//
// The sub-commands, one file each: each adds itself to the parser, and its exit code is stored when it was chosen. Used
// by program.
#pragma once

namespace CLI {
class App;
}

namespace sidespan::cli {

void add_run(CLI::App& program, int& code);
void add_check(CLI::App& program, int& code);
void add_config(CLI::App& program, int& code);
void add_viewer(CLI::App& program, int& code);
void add_health(CLI::App& program, int& code);
void add_wait(CLI::App& program, int& code);
void add_version(CLI::App& program, int& code);

}  // namespace sidespan::cli

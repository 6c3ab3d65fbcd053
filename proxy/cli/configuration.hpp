// SPDX-License-Identifier: Apache-2.0
//
// What run, check and config print have in common: the flags that stand for keys, finding the file, loading it, and
// showing what is wrong. Main thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/load.hpp"

namespace CLI {
class App;
}

namespace sidespan::cli {

/// What the flags said.
struct configuration_flags {
  std::string file;
  std::vector<config::flag> flags;
  /// Flags that could not be split into a key and a value.
  std::vector<std::string> problems;
};

/// Adds --config and the flags that stand for keys; the result lives as long as the command.
std::shared_ptr<configuration_flags> add_configuration_flags(CLI::App& command);

/// Adds a flag that stands for the key at `path`.
void add_key_flag(CLI::App& command, configuration_flags& into, const std::string& name, config::path path,
                  const std::string& description);

/// Variables of this process.
config::environment process_environment();

/// Finds and reads the file, then config::load. A file that cannot be read is a problem like any other.
config::outcome load_configuration(const configuration_flags& from);

/// One line each on stderr; `errors_only` leaves warnings out.
void show_problems(const std::vector<config::problem>& problems, bool errors_only = false);

/// Threads worth having: what affinity and the CPU quota of the control group leave. 1..
std::size_t available_processors();

}  // namespace sidespan::cli

// SPDX-License-Identifier: Apache-2.0
//
// sidespan version.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "base/version.hpp"
#include "cli/command.hpp"

namespace sidespan::cli {

void add_version(CLI::App& program, int& code) {
  CLI::App* command = program.add_subcommand("version", "Print the version");
  command->footer("Examples:\n  sidespan version\n  sidespan version --json");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "As JSON");
  command->callback([json, &code] {
    if (*json) {
      std::cout << "{\"name\": \"sidespan\", \"version\": \"" << base::version() << "\"}\n";
    } else {
      std::cout << "sidespan " << base::version() << "\n";
    }
    code = 0;
  });
}

}  // namespace sidespan::cli

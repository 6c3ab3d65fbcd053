// SPDX-License-Identifier: Apache-2.0
//
// sidespan check: is the configuration right?
#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/command.hpp"
#include "cli/configuration.hpp"
#include "cli/program.hpp"
#include "config/print.hpp"

namespace sidespan::cli {
namespace {

const char* const examples =
    "Examples:\n"
    "  sidespan check\n"
    "  sidespan check -c sidespan.yaml --json";

int check(const configuration_flags& flags, bool json) {
  const config::outcome loaded = load_configuration(flags);
  if (json) {
    std::cout << config::problems_json(loaded.settings.has_value(), loaded.problems);
  } else {
    show_problems(loaded.problems);
    if (loaded.settings) {
      std::cout << "ok: service " << loaded.settings->service << ", " << loaded.settings->listeners.size()
                << (loaded.settings->listeners.size() == 1 ? " listener\n" : " listeners\n");
    }
  }
  return loaded.settings ? exit_code::ok : exit_code::usage;
}

}  // namespace

void add_check(CLI::App& program, int& code) {
  CLI::App* command =
      program.add_subcommand("check", "Check the configuration and say everything that is wrong with it");
  command->footer(examples);
  const auto flags = add_configuration_flags(*command);
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Problems as JSON on stdout");
  command->callback([flags, json, &code] { code = check(*flags, *json); });
}

}  // namespace sidespan::cli

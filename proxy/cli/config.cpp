// SPDX-License-Identifier: Apache-2.0
//
// sidespan config: what holds, what would hold, what may be said.
#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/command.hpp"
#include "cli/configuration.hpp"
#include "cli/program.hpp"
#include "config/print.hpp"
#include "config/schema.hpp"

namespace sidespan::cli {
namespace {

const char* const examples =
    "Examples:\n"
    "  sidespan config print -c sidespan.yaml        # every value, and who said so\n"
    "  sidespan config defaults\n"
    "  sidespan config schema > sidespan.schema.json # for editors";

void add_print(CLI::App& parent, int& code) {
  CLI::App* command = parent.add_subcommand("print", "Every value that holds, with its origin");
  command->footer("Examples:\n  sidespan config print\n  sidespan config print -c sidespan.yaml --json");
  const auto flags = add_configuration_flags(*command);
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "As JSON");
  command->callback([flags, json, &code] {
    const config::outcome loaded = load_configuration(*flags);
    show_problems(loaded.problems);
    if (loaded.settings) std::cout << (*json ? config::print_json(loaded.given) : config::print(loaded.given));
    code = loaded.settings ? exit_code::ok : exit_code::usage;
  });
}

void add_text(CLI::App& parent, const char* name, const char* description, std::string (*text)(), bool hidden) {
  CLI::App* command = parent.add_subcommand(name, description);
  if (hidden) command->group("");
  command->callback([text] { std::cout << text(); });
}

}  // namespace

void add_config(CLI::App& program, int& code) {
  CLI::App* command = program.add_subcommand("config", "Show the configuration, its defaults or its schema");
  command->footer(examples);
  command->require_subcommand(1);
  add_print(*command, code);
  add_text(*command, "defaults", "What holds when nothing is said", config::print_defaults, false);
  add_text(*command, "schema", "JSON Schema for editors", config::schema, false);
  add_text(*command, "reference", "The page docs/configuration.md", config::reference, true);
}

}  // namespace sidespan::cli

// SPDX-License-Identifier: Apache-2.0
//
// sidespan check: is the configuration right?
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "app/reload.hpp"
#include "cli/command.hpp"
#include "cli/configuration.hpp"
#include "cli/program.hpp"
#include "config/print.hpp"

namespace sidespan::cli {
namespace {

const char* const examples =
    "Examples:\n"
    "  sidespan check\n"
    "  sidespan check -c sidespan.yaml --json\n"
    "  sidespan check -c new.yaml --reload-from /etc/sidespan/sidespan.yaml";

/// What SIGHUP would refuse, or leave for the next start, in a process that runs with `before`.
void judge_reload(const std::string& before, const configuration_flags& flags, config::outcome& next) {
  configuration_flags old = flags;
  old.file = before;
  const config::outcome running = load_configuration(old);
  const auto add = [&next](enum config::problem::severity severity, std::string message) {
    config::problem& one = next.problems.emplace_back();
    one.severity = severity;
    one.message = "reload: " + std::move(message);
  };
  using severity = enum config::problem::severity;
  if (running.settings) {
    for (const std::string& reason : app::clashes(*running.settings, *next.settings)) add(severity::error, reason);
    for (const std::string& key : app::restart_needed(*running.settings, *next.settings))
      add(severity::warning, key + " takes effect at the next start only");
  } else {
    add(severity::error, before + " is not a configuration that can be running");
  }
  const auto wrong = [](const config::problem& each) { return each.severity == severity::error; };
  if (std::any_of(next.problems.begin(), next.problems.end(), wrong)) next.settings.reset();
}

int check(const configuration_flags& flags, const std::string& reload_from, bool json) {
  config::outcome loaded = load_configuration(flags);
  if (loaded.settings && !reload_from.empty()) judge_reload(reload_from, flags, loaded);
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
  const auto reload_from = std::make_shared<std::string>();
  command
      ->add_option("--reload-from", *reload_from,
                   "Also say what SIGHUP would refuse, or leave for a restart, in a sidespan that runs with this file")
      ->type_name("FILE");
  command->callback([flags, json, reload_from, &code] { code = check(*flags, *reload_from, *json); });
}

}  // namespace sidespan::cli

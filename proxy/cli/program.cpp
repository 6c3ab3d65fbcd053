// SPDX-License-Identifier: Apache-2.0
#include "cli/program.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/version.hpp"
#include "cli/command.hpp"
#include "config/suggest.hpp"

namespace sidespan::cli {
namespace {

/// Examples (the footer of a command) come before the options: they are what people look for.
class examples_first final : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    const std::string examples = app->get_footer();
    return (examples.empty() ? "" : "\n" + examples + "\n\n") + CLI::Formatter::make_usage(app, name);
  }
  std::string make_footer(const CLI::App*) const override { return ""; }
};

const char* const examples =
    "Examples:\n"
    "  sidespan run                                  # ./sidespan.yaml, else /etc/sidespan/sidespan.yaml\n"
    "  sidespan run --service cart --in 8080=localhost:3000 --out 9001=http://catalog:8080\n"
    "  sidespan check -c sidespan.yaml\n"
    "  sidespan viewer                               # web page on http://localhost:7180, OTLP on 4317";

/// Empty, or what is wrong with the first word: the library only says that a sub-command is required.
std::string unknown_command(const CLI::App& program, const char* first) {
  if (first == nullptr || *first == '-') return "";
  std::vector<std::string_view> names;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == first) return "";
    names.push_back(command->get_name());
  }
  return "unknown sub-command \"" + std::string(first) + "\"" + config::did_you_mean(first, names);
}

int complain(const CLI::App& program, const CLI::ParseError& error, const char* first) {
  if (error.get_exit_code() == 0) return program.exit(error, std::cout, std::cerr);  // --help, --version
  const std::string unknown = unknown_command(program, first);
  const auto chosen = program.get_subcommands();
  std::cerr << "sidespan: " << (unknown.empty() ? error.what() : unknown) << "\n";
  std::cerr << "Try: sidespan " << (chosen.empty() ? "" : chosen.front()->get_name() + " ") << "--help\n";
  return exit_code::usage;
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  CLI::App program("A tracing sidecar: one trace through unmodified applications.", "sidespan");
  program.formatter(std::make_shared<examples_first>());
  program.footer(examples);
  program.set_version_flag("--version", "sidespan " + std::string(base::version()), "Print the version and exit");
  program.require_subcommand(1);
  int code = exit_code::ok;
  for (const auto add : {add_run, add_check, add_config, add_viewer, add_health, add_wait, add_version})
    add(program, code);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return complain(program, error, argc > 1 ? argv[1] : nullptr);
  } catch (const std::exception& error) {
    std::cerr << "sidespan: " << error.what() << "\n";
    return exit_code::failed;
  }
  return code;
}

}  // namespace sidespan::cli

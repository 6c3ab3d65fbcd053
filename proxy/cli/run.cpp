// SPDX-License-Identifier: Apache-2.0
//
// sidespan run: the sidecar.
#include "app/run.hpp"

#include <CLI/CLI.hpp>

#include "base/log.hpp"
#include "cli/command.hpp"
#include "cli/configuration.hpp"
#include "cli/program.hpp"

namespace sidespan::cli {
namespace {

const char* const examples =
    "Examples:\n"
    "  sidespan run\n"
    "  sidespan run -c /etc/sidespan/cart.yaml --log-level debug\n"
    "  sidespan run --service cart --in 8080=localhost:3000 --out 9001=http://catalog:8080\n"
    "  sidespan run --service cart --in 8080=localhost:3000 --proxy 7128 --endpoint http://collector:4317";

app::reread read_again(const configuration_flags& flags) {
  config::outcome loaded = load_configuration(flags);
  app::reread out;
  out.configured = std::move(loaded.settings);
  for (const config::problem& each : loaded.problems) out.problems.push_back(config::format(each));
  return out;
}

int run(configuration_flags flags, app::run_options options) {
  const config::outcome loaded = load_configuration(flags);
  if (!loaded.settings) {
    show_problems(loaded.problems);
    return exit_code::usage;
  }
  base::configure_log(loaded.settings->log.level, loaded.settings->log.format);
  for (const config::problem& each : loaded.problems) base::log(base::log_level::warn, config::format(each));
  // The file that was found, whatever is found next time.
  flags.file = loaded.settings->config_path;
  options.read_again = [&flags] { return read_again(flags); };
  return app::run(*loaded.settings, options);
}

}  // namespace

void add_run(CLI::App& program, int& code) {
  CLI::App* command = program.add_subcommand("run", "Run the sidecar");
  command->footer(examples);
  const auto flags = add_configuration_flags(*command);
  const auto options = std::make_shared<app::run_options>();
  command->add_flag("--print-ports", options->print_ports,
                    "Print the ports that were bound as one line of JSON on stdout");
  command->callback([flags, options, &code] { code = run(*flags, *options); });
}

}  // namespace sidespan::cli

// SPDX-License-Identifier: Apache-2.0
//
// sidespan viewer: the web page alone, for spans that anyone sends.
#include <CLI/CLI.hpp>

#include "app/run.hpp"
#include "base/log.hpp"
#include "cli/command.hpp"
#include "cli/configuration.hpp"
#include "cli/program.hpp"

namespace sidespan::cli {
namespace {

const char* const examples =
    "Examples:\n"
    "  sidespan viewer\n"
    "  sidespan viewer --db traces.db --max-size 2GiB --max-age 168h\n"
    "  sidespan viewer --listen 0.0.0.0:7180 --otlp 0.0.0.0:4317";

int view(const configuration_flags& flags, const app::run_options& options) {
  std::vector<config::problem> problems;
  config::sources from;
  from.variables = process_environment();
  from.flags = flags.flags;
  const auto settings = config::load_viewer(from, problems);
  if (!settings) {
    show_problems(problems);
    return exit_code::usage;
  }
  base::configure_log(base::log_level::info, base::log_format::automatic);
  for (const config::problem& each : problems) base::log(base::log_level::warn, config::format(each));
  return app::run_viewer(settings->page, settings->otlp_listen, options);
}

}  // namespace

void add_viewer(CLI::App& program, int& code) {
  CLI::App* command = program.add_subcommand("viewer", "Run the viewer alone: web page and OTLP/gRPC receiver");
  command->footer(examples);
  const auto flags = std::make_shared<configuration_flags>();
  const auto options = std::make_shared<app::run_options>();
  add_key_flag(*command, *flags, "--listen", {"viewer", "listen"}, "Web page: port or address:port (127.0.0.1:7180)");
  add_key_flag(*command, *flags, "--otlp", {"viewer", "otlp"},
               "OTLP/gRPC receiver: port or address:port (127.0.0.1:4317)");
  add_key_flag(*command, *flags, "--db", {"viewer", "db"}, "File that keeps the traces (default: memory)");
  add_key_flag(*command, *flags, "--max-size", {"viewer", "max_size"},
               "The oldest traces go when there is more (512MiB)");
  add_key_flag(*command, *flags, "--max-age", {"viewer", "max_age"}, "Older traces go (24h)");
  add_key_flag(*command, *flags, "--allowed-hosts", {"viewer", "allowed_hosts"},
               "Names under which browsers may reach it, comma-separated");
  command->add_flag("--print-ports", options->print_ports,
                    "Print the ports that were bound as one line of JSON on stdout");
  command->callback([flags, options, &code] { code = view(*flags, *options); });
}

}  // namespace sidespan::cli

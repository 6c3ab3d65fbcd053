// SPDX-License-Identifier: Apache-2.0
#include "cli/configuration.hpp"

#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "config/document.hpp"

extern char** environ;

namespace sidespan::cli {
namespace {

constexpr const char* default_files[] = {"sidespan.yaml", "/etc/sidespan/sidespan.yaml"};

/// One of two values would be forgotten without a word.
bool is_given(const configuration_flags& flags, const std::string& name, const config::path& path) {
  return std::any_of(flags.flags.begin(), flags.flags.end(),
                     [&](const auto& flag) { return flag.name == name && flag.path == path; });
}

/// KEY=VALUE flags: `--in 8080=localhost:3000`. `path_of` makes the path from what stands before the '='.
template <typename PathOf>
void add_pair_flag(CLI::App& command, const std::shared_ptr<configuration_flags>& into, const std::string& name,
                   const std::string& form, const std::string& description, PathOf path_of) {
  const auto take = [into, name, form, path_of](const std::vector<std::string>& pairs) {
    for (const std::string& pair : pairs) {
      const std::size_t equals = pair.find('=');
      if (equals == std::string::npos || equals == 0) {
        into->problems.push_back(name + " takes " + form + ", not " + pair);
        continue;
      }
      const config::path path = path_of(pair.substr(0, equals));
      if (is_given(*into, name, path))
        into->problems.push_back(name + ": " + pair.substr(0, equals) + " is given twice");
      into->flags.push_back({name, path, pair.substr(equals + 1)});
    }
    return true;
  };
  command.add_option(name, take, description)
      ->type_name(form)
      ->type_size(1)
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->take_all()
      ->allow_extra_args(false);
}

std::string chosen_file(const configuration_flags& from, const config::environment& variables) {
  if (!from.file.empty()) return from.file;
  const auto variable = variables.find("SIDESPAN_CONFIG");
  if (variable != variables.end() && !variable->second.empty()) return variable->second;
  for (const char* file : default_files) {
    if (::access(file, F_OK) == 0) return file;
  }
  return "";
}

/// Empty, or why the file could not be read. Reads a little more than allowed, so that too much is noticed.
std::string read_file(const std::string& name, std::string& out) {
  errno = 0;
  std::ifstream input(name, std::ios::binary);
  if (!input) return std::string("cannot be read: ") + std::strerror(errno);
  out.resize(config::most_bytes + 1);
  input.read(out.data(), static_cast<std::streamsize>(out.size()));
  if (input.bad() || (input.fail() && !input.eof())) return std::string("cannot be read: ") + std::strerror(errno);
  out.resize(static_cast<std::size_t>(input.gcount()));
  return "";
}

}  // namespace

std::shared_ptr<configuration_flags> add_configuration_flags(CLI::App& command) {
  auto into = std::make_shared<configuration_flags>();
  command
      .add_option("-c,--config", into->file,
                  "The file; else SIDESPAN_CONFIG, ./sidespan.yaml, /etc/sidespan/sidespan.yaml")
      ->type_name("FILE");
  add_key_flag(command, *into, "--service", {"service"}, "Name of the application beside sidespan");
  add_pair_flag(command, into, "--in", "PORT=HOST:PORT",
                "Inbound listener and the application behind it; may be repeated", [](const std::string& port) {
                  return config::path{"inbound", port, "to"};
                });
  add_pair_flag(command, into, "--out", "PORT=URL", "Outbound listener and its upstream; may be repeated",
                [](const std::string& port) {
                  return config::path{"outbound", port, "to"};
                });
  add_key_flag(command, *into, "--proxy", {"outbound", "proxy", "listen"},
               "Forward proxy for HTTP_PROXY: port or address:port");
  add_key_flag(command, *into, "--endpoint", {"export", "otlp", "endpoint"}, "Collector, http://host:4317, or off");
  add_key_flag(command, *into, "--admin", {"admin", "listen"}, "Health and metrics: port, address:port, or off");
  add_key_flag(command, *into, "--log-level", {"log", "level"}, "trace, debug, info, warn, error or off");
  add_pair_flag(command, into, "--set", "KEY=VALUE", "Any other key, like drain.timeout=5s; may be repeated",
                [](const std::string& key) {
                  config::path path;
                  for (const std::string_view part : config::split(key, '.')) path.emplace_back(part);
                  return path;
                });
  return into;
}

void add_key_flag(CLI::App& command, configuration_flags& into, const std::string& name, config::path path,
                  const std::string& description) {
  const auto take = [&into, name, path = std::move(path)](const std::string& text) {
    into.flags.push_back({name, path, text});
  };
  command.add_option_function<std::string>(name, take, description)->type_name("TEXT");
}

config::environment process_environment() {
  config::environment out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

config::outcome load_configuration(const configuration_flags& from) {
  config::sources all;
  all.variables = process_environment();
  all.flags = from.flags;
  all.processors = available_processors();
  all.file = chosen_file(from, all.variables);
  config::report problems;
  for (const std::string& wrong : from.problems) problems.error({}, wrong);
  if (!all.file.empty()) {
    const std::string wrong = read_file(all.file, all.text);
    if (!wrong.empty()) problems.error({config::origin::layer::file, all.file, 0, 0}, wrong);
  }
  if (!problems.failed()) return config::load(all);
  config::outcome out;
  out.problems = problems.sorted();
  return out;
}

void show_problems(const std::vector<config::problem>& problems, bool errors_only) {
  for (const config::problem& each : problems) {
    if (errors_only && each.severity == config::problem::severity::warning) continue;
    std::cerr << (each.where.source.empty() ? "sidespan: " : "") << config::format(each) << "\n";
  }
}

}  // namespace sidespan::cli

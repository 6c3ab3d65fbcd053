// SPDX-License-Identifier: Apache-2.0
//
// sidespan health, sidespan wait: probes for images without a shell.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

#include "base/units.hpp"
#include "cli/command.hpp"
#include "cli/probe.hpp"
#include "cli/program.hpp"

namespace sidespan::cli {
namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

struct probe_flags {
  std::string admin = default_admin();
  std::string timeout;
  bool live = false;
};

/// False after saying why on stderr.
bool parse_timeout(const std::string& text, milliseconds& out) {
  const auto parsed = base::parse_duration(text);
  if (!parsed || *parsed <= milliseconds(0)) {
    std::cerr << "sidespan: --timeout: \"" << text << "\" is not a duration: write a number and a unit, like 2s\n";
    return false;
  }
  out = std::chrono::ceil<milliseconds>(*parsed);
  return true;
}

int report(const probe_result& result) {
  if (result.status == 200) return exit_code::ok;
  std::cerr << "sidespan: "
            << (result.status == 0 ? result.problem : "not ready: status " + std::to_string(result.status)) << "\n";
  return exit_code::not_ready;
}

int health(const probe_flags& flags) {
  milliseconds timeout{};
  if (!parse_timeout(flags.timeout, timeout)) return exit_code::usage;
  return report(probe(flags.admin, flags.live ? "/livez" : "/readyz", timeout));
}

int wait(const probe_flags& flags) {
  milliseconds timeout{};
  if (!parse_timeout(flags.timeout, timeout)) return exit_code::usage;
  const auto end = clock::now() + timeout;
  probe_result result;
  while (clock::now() < end) {
    const auto left = std::chrono::ceil<milliseconds>(end - clock::now());
    result = probe(flags.admin, "/readyz", std::min(left, milliseconds(2000)));
    if (result.status == 200) return exit_code::ok;
    std::this_thread::sleep_for(std::min(left, milliseconds(100)));
  }
  return report(result);
}

CLI::App* add(CLI::App& program, const char* name, const char* description, const std::shared_ptr<probe_flags>& flags) {
  CLI::App* command = program.add_subcommand(name, description);
  command->add_option("--admin", flags->admin, "Admin page of the running sidespan: address:port")
      ->capture_default_str();
  return command;
}

}  // namespace

void add_health(CLI::App& program, int& code) {
  const auto flags = std::make_shared<probe_flags>();
  flags->timeout = "2s";
  CLI::App* command = add(program, "health", "Is it ready? Exit code 0 or 4", flags);
  command->footer("Examples:\n  sidespan health\n  sidespan health --admin 127.0.0.1:7190 --live");
  command->add_option("--timeout", flags->timeout, "Longest wait for the answer")->capture_default_str();
  command->add_flag("--live", flags->live, "Ask /livez instead of /readyz");
  command->callback([flags, &code] { code = health(*flags); });
}

void add_wait(CLI::App& program, int& code) {
  const auto flags = std::make_shared<probe_flags>();
  flags->timeout = "30s";
  CLI::App* command = add(program, "wait", "Wait until it is ready. Exit code 0 or 4", flags);
  command->footer("Examples:\n  sidespan wait --timeout 10s && exec gunicorn app:app");
  command->add_option("--timeout", flags->timeout, "Longest wait")->capture_default_str();
  command->callback([flags, &code] { code = wait(*flags); });
}

}  // namespace sidespan::cli

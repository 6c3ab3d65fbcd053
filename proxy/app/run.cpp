// SPDX-License-Identifier: Apache-2.0
#include "app/run.hpp"

#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>

#include "app/file_limit.hpp"
#include "app/sidecar.hpp"
#include "app/viewer_feed.hpp"
#include "base/log.hpp"
#include "net/operation.hpp"
#include "net/spawn.hpp"

namespace sidespan::app {
namespace {

constexpr int exit_ok = 0;
constexpr int exit_failed = 1;
constexpr int exit_forced = 3;

using signals = net::asio::basic_signal_set<net::executor>;

/// The second signal does not wait for anything.
net::task<void> exit_at_next(signals& wanted) {
  net::error_code ec;
  co_await wanted.async_wait(net::into(ec));
  if (ec) co_return;
  base::log(base::log_level::warn, "second signal, exiting at once");
  base::flush_log();
  ::_exit(exit_forced);
}

net::task<void> run_until_signal(sidecar& running, signals& wanted, net::asio::io_context& control) {
  net::error_code ec;
  co_await wanted.async_wait(net::into(ec));
  net::spawn(control.get_executor(), exit_at_next(wanted), "second signal");
  const bool ended = co_await running.drain();
  if (!ended) {
    base::flush_log();
    ::_exit(exit_failed);
  }
  control.stop();
}

net::task<void> reload_at_signal(sidecar& running, signals& wanted, const reader& read_again) {
  while (true) {
    net::error_code ec;
    co_await wanted.async_wait(net::into(ec));
    if (ec) co_return;
    if (!read_again) continue;
    reread again = read_again();
    co_await running.reload(std::move(again));
  }
}

net::task<void> stop_at_signal(signals& wanted, net::asio::io_context& control) {
  net::error_code ec;
  co_await wanted.async_wait(net::into(ec));
  control.stop();
}

/// Where people look at stdout for data, it must be there at once.
void print_line(const std::string& line) { std::cout << line << std::endl; }

int failed(const std::exception& reason) {
  base::log(base::log_level::error, reason.what());
  base::flush_log();
  return exit_failed;
}

}  // namespace

int run(const settings& configured, const run_options& options) {
  base::configure_log(configured.log.level, configured.log.format);
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  try {
    net::asio::io_context control(1);
    signals wanted(control.get_executor(), SIGTERM, SIGINT);
    signals hangup(control.get_executor(), SIGHUP);
    sidecar running(configured, control);
    running.start();
    running.log_start();
    if (options.print_ports) print_line(running.bound_ports());
    net::spawn(control.get_executor(), reload_at_signal(running, hangup, options.read_again), "reload");
    net::spawn(control.get_executor(), run_until_signal(running, wanted, control), "lifecycle");
    control.run();
  } catch (const std::exception& reason) {
    return failed(reason);
  }
  base::flush_log();
  return exit_ok;
}

int run_viewer(const viewer::settings& configured, const std::string& otlp_listen, const run_options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  try {
    net::asio::io_context control(1);
    signals wanted(control.get_executor(), SIGTERM, SIGINT);
    const base::system_clock clock;
    viewer::viewer pages(configured, clock);
    otlp::receiver_settings where;
    where.listen = otlp_listen;
    const otlp::receiver receiver(
        where, [&pages](const otlp::receiver::request& request) { pages.add(viewer_spans(request)); });
    const std::string host = otlp_listen.substr(0, otlp_listen.rfind(':'));
    const std::string otlp = host + ":" + std::to_string(receiver.port());
    base::log(base::log_level::info, "viewer starts", {{"page", "http://" + pages.authority() + "/"}, {"otlp", otlp}});
    if (options.print_ports) print_line("{\"viewer\":\"" + pages.authority() + "\",\"otlp\":\"" + otlp + "\"}");
    net::spawn(control.get_executor(), stop_at_signal(wanted, control), "lifecycle");
    control.run();
  } catch (const std::exception& reason) {
    return failed(reason);
  }
  base::flush_log();
  return exit_ok;
}

}  // namespace sidespan::app

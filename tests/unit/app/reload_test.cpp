// SPDX-License-Identifier: Apache-2.0
#include "app/reload.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "config/keys.hpp"

namespace sidespan::app::test {
namespace {

using forward::listener_settings;
using leg = enum listener_settings::leg;

listener_settings listener(const char* key, const char* address, std::uint16_t port, leg of = leg::inbound) {
  listener_settings out;
  out.leg = of;
  out.key = key;
  out.address = address;
  out.port = port;
  return out;
}

settings with(std::vector<listener_settings> listeners) {
  settings out;
  out.listeners = std::move(listeners);
  return out;
}

}  // namespace

TEST_CASE("reload: a listener keeps its socket by leg, address and port, whatever else changes") {
  listener_settings one = listener("8080", "*", 8080);
  listener_settings changed = one;
  changed.key = "*:8080";
  changed.idle_timeout = std::chrono::seconds(1);
  changed.max_body_bytes = 7;
  CHECK(same_place(one, changed));
  CHECK_FALSE(same_place(one, listener("8080", "127.0.0.1", 8080)));
  CHECK_FALSE(same_place(one, listener("8081", "*", 8081)));
  CHECK_FALSE(same_place(one, listener("8080", "*", 8080, leg::outbound)));
  // Ports that the system picked are told apart by what was written.
  CHECK(same_place(listener("127.0.0.1:0", "127.0.0.1", 0), listener("127.0.0.1:0", "127.0.0.1", 0)));
  CHECK_FALSE(same_place(listener("0", "127.0.0.1", 0), listener("127.0.0.1:0", "127.0.0.1", 0)));
}

TEST_CASE("reload: an added listener on the port of one that is there clashes") {
  struct row {
    listener_settings before, after;
    bool clash;
  };
  const row rows[] = {
      {listener("8080", "*", 8080), listener("8080", "*", 8080), false},
      {listener("8080", "*", 8080), listener("127.0.0.1:8080", "127.0.0.1", 8080), true},
      {listener("127.0.0.1:8080", "127.0.0.1", 8080), listener("8080", "*", 8080), true},
      {listener("127.0.0.1:8080", "127.0.0.1", 8080), listener("127.0.0.2:8080", "127.0.0.2", 8080), false},
      {listener("8080", "127.0.0.1", 8080), listener("8080", "127.0.0.1", 8080, leg::outbound), true},
      {listener("8080", "*", 8080), listener("9090", "*", 9090), false},
      {listener("a", "*", 0), listener("b", "*", 0), false},
  };
  for (const row& each : rows) {
    CAPTURE(each.before.key, each.after.key);
    CHECK(clashes(with({each.before}), with({each.after})).empty() == !each.clash);
  }
  const auto reasons =
      clashes(with({listener("8080", "*", 8080)}), with({listener("127.0.0.1:8080", "127.0.0.1", 8080)}));
  REQUIRE(reasons.size() == 1);
  CHECK_THAT(reasons.front(), Catch::Matchers::StartsWith("listener 127.0.0.1:8080 needs the port of listener 8080"));
}

TEST_CASE("reload: what is fixed at start is named, and put back") {
  struct row {
    const char* key;
    std::function<void(settings&)> change;
  };
  const row rows[] = {
      {"service", [](settings& s) { s.service = s.resource.service = "other"; }},
      {"resource", [](settings& s) { s.resource.attributes.emplace_back("a", "b"); }},
      {"trace.correlate", [](settings& s) { s.correlate.emplace(); }},
      {"export", [](settings& s) { s.exporter.emplace(); }},
      {"export", [](settings& s) { s.collect.queue_spans = 1; }},
      {"admin", [](settings& s) { s.admin_listen = ""; }},
      {"viewer", [](settings& s) { s.viewer.emplace(); }},
      {"log.format", [](settings& s) { s.log.format = base::log_format::json; }},
      {"limits.workers", [](settings& s) { s.workers = 2; }},
  };
  for (const row& each : rows) {
    CAPTURE(each.key);
    const settings running;
    settings next;
    each.change(next);
    CHECK(restart_needed(running, next) == std::vector<std::string>{each.key});
    keep_until_restart(running, next);
    CHECK(restart_needed(running, next).empty());
    // The documentation says so, too.
    std::vector<std::string> path;
    for (const std::string_view part : config::split(each.key, '.')) path.emplace_back(part);
    REQUIRE(config::row_at(path) != nullptr);
    CHECK(config::needs_restart(*config::row_at(path)));
  }
}

TEST_CASE("reload: everything else takes effect at once") {
  const settings running;
  settings next;
  next.listeners = {listener("1", "*", 1)};
  next.forward.connections = 1;
  next.trace.exclude = {"/x"};
  next.trace.sampler.ratio = 0.5;
  next.log.level = base::log_level::debug;
  next.log.access = "stdout";
  next.drain.timeout = std::chrono::seconds(1);
  CHECK(restart_needed(running, next).empty());
  for (const char* top : {"inbound", "outbound", "drain"}) {
    const std::vector<std::string> path{top};
    CHECK_FALSE(config::needs_restart(*config::row_at(path)));
  }
}

}  // namespace sidespan::app::test

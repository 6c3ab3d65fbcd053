// SPDX-License-Identifier: Apache-2.0
#include "config/print.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "config/keys.hpp"
#include "config/load.hpp"

namespace {

using namespace sidespan;

config::outcome load(std::string text, config::environment variables = {}) {
  config::outcome loaded = config::load({"f.yaml", std::move(text), std::move(variables), {}, 1});
  for (const config::problem& each : loaded.problems) UNSCOPED_INFO(config::format(each));
  REQUIRE(loaded.settings.has_value());
  return loaded;
}

const std::string head = "service: cart\ninbound: { 8080: localhost:3000 }\n";

/// What stands in the table as the default of each key below `parent`, as the inside of a YAML map.
std::string presets_below(const config::key* parent) {
  std::string out;
  for (const config::key* row : config::rows_below(parent)) {
    if (config::is_wildcard(*row)) continue;
    const std::string inside = config::is_group(*row) ? presets_below(row) : "";
    const std::string value = inside.empty() ? std::string(row->preset) : "{ " + inside + " }";
    if (!value.empty()) out += (out.empty() ? "" : ", ") + std::string(config::last(*row)) + ": " + value;
  }
  return out;
}

/// The lines of a print without their origins.
std::string without_origins(const std::string& printed) {
  std::string out;
  for (std::size_t at = 0; at < printed.size();) {
    const std::size_t end = printed.find('\n', at);
    const std::string line = printed.substr(at, end - at);
    out += line.substr(0, line.find("  # ")) + "\n";
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("print: every value with its origin") {
  const config::outcome loaded = load(head + "log: debug\nexport: { otlp: { headers: { key: s3cret } } }\n",
                                      {{"OTEL_BSP_SCHEDULE_DELAY", "50"}, {"SIDESPAN_DRAIN_TIMEOUT", "3s"}});
  const std::string text = config::print(loaded.given);
  for (const char* line :
       {"service: cart  # f.yaml:1\n", "\n    to: localhost:3000  # f.yaml:2\n", "\n  level: debug  # f.yaml:3\n",
        "\n    delay: 50ms  # OTEL_BSP_SCHEDULE_DELAY\n", "\n  timeout: 3s  # SIDESPAN_DRAIN_TIMEOUT\n",
        "\n  format: auto  # default\n", "\n      key: \"[redacted]\"  # f.yaml:4\n"}) {
    CHECK_THAT(text, Catch::Contains(line));
  }
  CHECK_THAT(text, !Catch::Contains("s3cret"));
  CHECK_THAT(text, !Catch::Contains("viewer"));
  CHECK_THAT(config::print_json(loaded.given),
             Catch::Contains("\"key\": \"inbound.8080.to\"") && !Catch::Contains("s3cret"));
}

TEST_CASE("print: what it prints loads, and prints the same again") {
  const std::string text =
      "service: \"a: b\"\n"
      "resource: { k8s.pod.name: \"${X:-x}$$y\", \"odd key\": \"line\\nline\", \"n\": \"~\" }\n"
      "inbound:\n"
      "  0: a:1\n"
      "  \"[::1]:80\": { to: \"[::1]:81\", routes: [ \"GET /a/{id}\", { host: h, path: /b/, name: \"x # y\", sample: "
      "0.1, timeout: 3s } ] }\n"
      "outbound: { 9001: \"http://a\", 9002: [ unix:/run/x.sock, \"tcp://[::1]:5\", b:6 ], proxy: 7128 }\n"
      "trace: { sampler: { parent_based: { ratio: 0.125 } }, exclude: [ \"kube-probe/*\", \"a, b\", \"{c}\" ], "
      "correlate: off }\n"
      "viewer: { max_age: 90m }\n";
  const config::outcome first = load(text);
  const std::string printed = config::print(first.given);
  INFO(printed);
  const config::outcome second = load(printed);
  CHECK(without_origins(config::print(second.given)) == without_origins(printed));
  CHECK(second.settings->service == "a: b");
  CHECK(second.settings->resource.attributes == first.settings->resource.attributes);
  CHECK(second.settings->listeners.size() == 5);
  CHECK(second.settings->listeners.at(3) == first.settings->listeners.at(3));
  CHECK(second.settings->listeners[3].opaque);
  CHECK(second.settings->trace.exclude == first.settings->trace.exclude);
  CHECK(second.settings->viewer.has_value());
}

TEST_CASE("print: the defaults load, and say what holds anyway") {
  const std::string defaults = config::print_defaults();
  const std::string needed = "service: x\ninbound: { 8080: a:1 }\n";
  const std::string with = without_origins(config::print(load(defaults + needed).given));
  CHECK(with == without_origins(config::print(load(needed).given)));
}

// A default is written twice, in the table for people and in the struct for the program.
TEST_CASE("print: the defaults of the table are those of the settings") {
  const app::settings said = *load(config::print_defaults() +
                                   "service: x\ninbound: { 8080: a:1 }\n"
                                   "viewer: { listen: \"127.0.0.1:7180\", otlp: \"127.0.0.1:4317\", max_size: 512MiB, "
                                   "max_age: 24h, allowed_hosts: [] }\n")
                                  .settings;
  const app::settings plain;
  const viewer::settings page;
  const correlate::settings correlation;
  const otlp::exporter_settings exporter;
  CHECK(said.trace.tracecontext == plain.trace.tracecontext);
  CHECK(said.trace.baggage == plain.trace.baggage);
  CHECK(said.trace.sampler.parent_based == plain.trace.sampler.parent_based);
  CHECK(said.trace.sampler.root == plain.trace.sampler.root);
  CHECK(said.trace.url_query == plain.trace.url_query);
  CHECK(said.trace.redacted_query_keys == plain.trace.redacted_query_keys);
  CHECK(said.trace.known_methods == plain.trace.known_methods);
  CHECK(said.trace.exclude == plain.trace.exclude);
  CHECK(said.forward.response_header == plain.forward.response_header);
  CHECK(said.forward.header_bytes == plain.forward.header_bytes);
  CHECK(said.forward.header_fields == plain.forward.header_fields);
  CHECK(said.forward.target_bytes == plain.forward.target_bytes);
  CHECK(said.forward.requests == plain.forward.requests);
  CHECK(said.forward.memory == plain.forward.memory);
  CHECK(said.forward.connections == plain.forward.connections);
  CHECK(said.forward.idle_upstream_connections == plain.forward.idle_upstream_connections);
  CHECK(said.collect == plain.collect);
  CHECK(said.admin_listen == plain.admin_listen);
  CHECK(said.log.level == plain.log.level);
  CHECK(said.log.format == plain.log.format);
  CHECK(said.log.access == plain.log.access);
  CHECK(said.log.access_format == plain.log.access_format);
  CHECK(said.drain.delay == plain.drain.delay);
  CHECK(said.drain.timeout == plain.drain.timeout);
  CHECK(said.workers == plain.workers);
  CHECK(said.listeners.at(0).inferred_routes == forward::listener_settings{}.inferred_routes);
  CHECK(said.correlate->threshold == correlation.threshold);
  CHECK(said.correlate->id_fields == correlation.id_fields);
  CHECK(said.correlate->candidate_links == correlation.candidate_links);
  CHECK(said.correlate->ledger_slots == correlation.ledger_slots);
  CHECK(said.exporter->endpoint == exporter.endpoint);
  CHECK(said.exporter->gzip == exporter.gzip);
  CHECK(said.exporter->timeout == exporter.timeout);
  CHECK(said.viewer->page.address == page.address);
  CHECK(said.viewer->page.port == page.port);
  CHECK(said.viewer->page.max_size == page.max_size);
  CHECK(said.viewer->page.max_age == page.max_age);
  CHECK(said.viewer->page.allowed_hosts == page.allowed_hosts);
  CHECK(said.viewer->otlp_listen == app::embedded_viewer_settings{}.otlp_listen);
}

TEST_CASE("print: a listener that says every default is one that says nothing") {
  const auto text = [](const std::string& in, const std::string& out, const std::string& proxy) {
    return "service: x\ninbound: { 8080: { to: a:1" + in + " } }\noutbound: { 9001: { to: a:1" + out +
           " }, proxy: { listen: 7128" + proxy + " } }\n";
  };
  const auto presets = [](const char* leg, const char* name) {
    return ", " + presets_below(config::row_at(std::vector<std::string>{leg, name}));
  };
  const std::string whole = text(presets("inbound", "8080"), presets("outbound", "9001"), presets("outbound", "proxy"));
  INFO(whole);
  for (const char* each : {"min_rate: 0", "eject: { after: 5, ", "max_body: 64KiB }", "tunnel_idle_timeout: 1h"})
    CHECK_THAT(whole, Catch::Contains(each));
  const app::settings said = *load(whole).settings;
  const app::settings silent = *load(text("", "", "")).settings;
  REQUIRE(said.listeners.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    INFO(said.listeners[i].key);
    CHECK((said.listeners[i] == silent.listeners.at(i)));
  }
}

// SPDX-License-Identifier: Apache-2.0
#include "config/print.hpp"

#include <catch2/catch.hpp>

#include <string>

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
                                   "service: x\ninbound: { 8080: { to: a:1, timeout: 0s, connect_timeout: 5s, "
                                   "idle_timeout: 1m, head_timeout: 30s, "
                                   "trust: all, via: on, max_body: 0, balance: least_request, eject: { after: 5, "
                                   "on_5xx: off, time: 10s, longest: 5m }, dns_refresh: 10s, upstream_connections: 0, "
                                   "upstream_pending: 1024, retries: { most: 1, budget: 0.2, always: 3, "
                                   "max_body: 64KiB } } }\n"
                                   "viewer: { listen: \"127.0.0.1:7180\", otlp: \"127.0.0.1:4317\", max_size: 512MiB, "
                                   "max_age: 24h, allowed_hosts: [] }\n")
                                  .settings;
  const app::settings plain;
  const forward::listener_settings listener;
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
  CHECK(said.forward.connections == plain.forward.connections);
  CHECK(said.forward.idle_upstream_connections == plain.forward.idle_upstream_connections);
  CHECK(said.collect.queue_spans == plain.collect.queue_spans);
  CHECK(said.collect.queue_bytes == plain.collect.queue_bytes);
  CHECK(said.collect.batch_spans == plain.collect.batch_spans);
  CHECK(said.collect.delay == plain.collect.delay);
  CHECK(said.collect.retry_initial == plain.collect.retry_initial);
  CHECK(said.collect.retry_max == plain.collect.retry_max);
  CHECK(said.collect.retry_total == plain.collect.retry_total);
  CHECK(said.admin_listen == plain.admin_listen);
  CHECK(said.log.level == plain.log.level);
  CHECK(said.log.format == plain.log.format);
  CHECK(said.log.access == plain.log.access);
  CHECK(said.log.access_format == plain.log.access_format);
  CHECK(said.drain.delay == plain.drain.delay);
  CHECK(said.drain.timeout == plain.drain.timeout);
  CHECK(said.workers == plain.workers);
  const upstream::policy &policy = said.listeners[0].upstream, preset;
  CHECK(policy.balance == preset.balance);
  CHECK(policy.eject_after == preset.eject_after);
  CHECK(policy.eject_on_5xx == preset.eject_on_5xx);
  CHECK(policy.eject_time == preset.eject_time);
  CHECK(policy.eject_longest == preset.eject_longest);
  CHECK(policy.dns_refresh == preset.dns_refresh);
  CHECK(policy.max_connections == preset.max_connections);
  CHECK(policy.max_pending == preset.max_pending);
  const upstream::retry_policy &retries = said.listeners[0].retries, once;
  CHECK(retries.most == once.most);
  CHECK(retries.budget == once.budget);
  CHECK(retries.always == once.always);
  CHECK(retries.max_body_bytes == once.max_body_bytes);
  CHECK(said.correlate->threshold == correlation.threshold);
  CHECK(said.correlate->id_fields == correlation.id_fields);
  CHECK(said.correlate->candidate_links == correlation.candidate_links);
  CHECK(said.correlate->ledger_slots == correlation.ledger_slots);
  CHECK(said.exporter->endpoint == exporter.endpoint);
  CHECK(said.exporter->gzip == exporter.gzip);
  CHECK(said.exporter->timeout == exporter.timeout);
  const auto& in = said.listeners.at(0);
  CHECK(in.timeout == listener.timeout);
  CHECK(in.connect_timeout == listener.connect_timeout);
  CHECK(in.idle_timeout == listener.idle_timeout);
  CHECK(in.request_head_timeout == listener.request_head_timeout);
  CHECK(in.trust == listener.trust);
  CHECK(in.via == listener.via);
  CHECK(in.max_body_bytes == listener.max_body_bytes);
  CHECK(said.viewer->page.address == page.address);
  CHECK(said.viewer->page.port == page.port);
  CHECK(said.viewer->page.max_size == page.max_size);
  CHECK(said.viewer->page.max_age == page.max_age);
  CHECK(said.viewer->page.allowed_hosts == page.allowed_hosts);
  CHECK(said.viewer->otlp_listen == app::embedded_viewer_settings{}.otlp_listen);
}

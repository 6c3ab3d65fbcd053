// SPDX-License-Identifier: Apache-2.0
#include "config/load.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace {

using namespace sidespan;
using namespace std::chrono_literals;
using leg = enum forward::listener_settings::leg;

/// Settings of a text that must be right; fails the test with the problems otherwise.
app::settings settings_of(std::string text, std::vector<config::flag> flags = {}, config::environment variables = {}) {
  const config::outcome loaded = config::load({"f.yaml", std::move(text), std::move(variables), std::move(flags), 4});
  for (const config::problem& each : loaded.problems) UNSCOPED_INFO(config::format(each));
  REQUIRE(loaded.settings.has_value());
  return *loaded.settings;
}

const std::string head = "service: cart\ninbound: { 8080: localhost:3000 }\n";

}  // namespace

TEST_CASE("load: the smallest file") {
  const app::settings s = settings_of(
      "service: cart\n"
      "inbound:\n"
      "  8080: localhost:3000          # listen on 8080, forward to the app\n"
      "outbound:\n"
      "  9001: http://catalog:8080     # the app calls http://localhost:9001\n");
  CHECK(s.service == "cart");
  CHECK(s.resource.service == "cart");
  REQUIRE(s.listeners.size() == 2);
  const auto& in = s.listeners[0];
  CHECK(in.leg == leg::inbound);
  CHECK(in.key == "8080");
  CHECK(in.address == "*");
  CHECK(in.port == 8080);
  REQUIRE(in.clusters.size() == 1);
  CHECK(in.clusters[0].host == "localhost");
  CHECK(in.clusters[0].port == 3000);
  CHECK(in.clusters[0].authority == "localhost:3000");
  CHECK(in.clusters[0].name == "localhost:3000");
  REQUIRE(in.rules.size() == 1);
  CHECK(in.rules[0].cluster == 0);
  CHECK(in.rules[0].path_prefix.empty());
  const auto& out = s.listeners[1];
  CHECK(out.leg == leg::outbound);
  CHECK(out.address == "127.0.0.1");
  CHECK(out.clusters[0].authority == "catalog:8080");
  CHECK(s.config_path == "f.yaml");
  CHECK(s.config_hash.size() == 16);
}

TEST_CASE("load: no file, flags alone") {
  config::sources from;
  from.flags = {{"--service", {"service"}, "cart"}, {"--in", {"inbound", "8080", "to"}, "localhost:3000"}};
  const config::outcome loaded = config::load(from);
  REQUIRE(loaded.settings.has_value());
  CHECK(loaded.settings->service == "cart");
  CHECK(loaded.settings->listeners.at(0).port == 8080);
  CHECK(loaded.settings->config_path.empty());
  CHECK(loaded.settings->config_hash == "none");
}

TEST_CASE("load: equal files have equal hashes, others have not") {
  CHECK(settings_of(head).config_hash == settings_of(head).config_hash);
  CHECK(settings_of(head).config_hash != settings_of(head + "#").config_hash);
}

TEST_CASE("load: addresses to listen on") {
  const struct {
    const char* key;
    const char* address;
    int port;
  } rows[] = {{"8080", "*", 8080},
              {"\"127.0.0.1:8080\"", "127.0.0.1", 8080},
              {"0", "*", 0},
              {"\"127.0.0.2:0\"", "127.0.0.2", 0},
              {"\"[::1]:8080\"", "::1", 8080},
              {"\"0.0.0.0:1\"", "0.0.0.0", 1},
              {"\"*:1\"", "*", 1},
              {"\"localhost:65535\"", "127.0.0.1", 65535}};
  for (const auto& row : rows) {
    INFO(row.key);
    const auto s = settings_of("service: c\ninbound: { " + std::string(row.key) + ": a:1 }\n");
    CHECK(s.listeners[0].address == row.address);
    CHECK(s.listeners[0].port == row.port);
  }
}

TEST_CASE("load: upstreams") {
  const struct {
    const char* text;
    const char* host;
    int port;
    const char* authority;
  } rows[] = {{"localhost:3000", "localhost", 3000, "localhost:3000"},
              {"http://catalog:8080", "catalog", 8080, "catalog:8080"},
              {"http://catalog", "catalog", 80, "catalog"},
              {"http://Catalog:80/", "Catalog", 80, "Catalog"},
              {"HTTP://a:1", "a", 1, "a:1"},
              {"catalog:80", "catalog", 80, "catalog"},
              {"http://[::1]:8080", "::1", 8080, "[::1]:8080"},
              {"http://[::1]", "::1", 80, "[::1]"},
              {"10.0.0.1:65535", "10.0.0.1", 65535, "10.0.0.1:65535"}};
  for (const auto& row : rows) {
    for (const char* form : {"\"%\"", "{ to: \"%\" }", "{ to: [ \"%\" ] }"}) {
      std::string text = form;
      text.replace(text.find('%'), 1, row.text);
      INFO(text);
      const auto s = settings_of("service: c\noutbound: { 9001: " + text + " }\n");
      const auto& to = s.listeners[0].clusters.at(0);
      CHECK(to.host == row.host);
      CHECK(to.port == row.port);
      CHECK(to.authority == row.authority);
      CHECK(to.endpoints == std::vector<upstream::endpoint>{{row.host, static_cast<std::uint16_t>(row.port)}});
    }
  }
}

TEST_CASE("load: several endpoints, and unix sockets") {
  const auto s = settings_of(
      "service: c\noutbound:\n"
      "  9001: { to: [ \"http://a\", \"[::1]:81\", \"unix:/run/x.sock\" ] }\n"
      "  9002: unix:///run/y.sock\n");
  const auto& several = s.listeners[0].clusters.at(0);
  CHECK(several.name == "a,[::1]:81,unix:/run/x.sock");
  CHECK(several.authority == "a");
  CHECK(several.endpoints == std::vector<upstream::endpoint>{{"a", 80}, {"::1", 81}, {"/run/x.sock", 0}});
  CHECK(several.endpoints[2].is_unix());
  const auto& one = s.listeners[1].clusters.at(0);
  CHECK(one.authority == "localhost");
  CHECK(one.name == "unix:/run/y.sock");
  CHECK(one.endpoints == std::vector<upstream::endpoint>{{"/run/y.sock", 0}});
}

TEST_CASE("load: opaque TCP to several endpoints and to unix sockets") {
  const struct {
    const char* text;
    std::vector<upstream::endpoint> endpoints;
  } rows[] = {{"[ \"tcp://a:1\", \"tcp://[::1]:2\", b:3 ]", {{"a", 1}, {"::1", 2}, {"b", 3}}},
              {"[ unix:/run/x.sock, \"tcp://a:1\" ]", {{"/run/x.sock", 0}, {"a", 1}}},
              {"{ to: [ a:1, unix:/run/x.sock ], protocol: tcp }", {{"a", 1}, {"/run/x.sock", 0}}},
              {"{ to: unix:/run/x.sock, protocol: tcp }", {{"/run/x.sock", 0}}}};
  for (const auto& row : rows) {
    INFO(row.text);
    const auto s = settings_of("service: c\noutbound: { 9001: " + std::string(row.text) + " }\n");
    CHECK(s.listeners.at(0).opaque);
    CHECK(s.listeners[0].clusters.at(0).endpoints == row.endpoints);
  }
}

TEST_CASE("load: opaque TCP by the scheme or by the protocol") {
  const struct {
    const char* text;
    bool opaque;
    const char* authority;
  } rows[] = {{"\"tcp://db:5432\"", true, "db:5432"},
              {"\"TCP://db:80\"", true, "db:80"},
              {"{ to: \"tcp://[::1]:5432\", protocol: tcp }", true, "[::1]:5432"},
              {"{ to: db:5432, protocol: tcp }", true, "db:5432"},
              {"{ to: \"tcp://db:5432\", protocol: auto }", true, "db:5432"},
              {"{ to: db:5432, protocol: auto }", false, "db:5432"},
              {"{ to: \"http://db:5432\", protocol: http1 }", false, "db:5432"},
              {"{ to: db:5432, protocol: http1 }", false, "db:5432"}};
  for (const auto& row : rows) {
    for (const char* leg : {"inbound", "outbound"}) {
      INFO(leg << " " << row.text);
      const auto s = settings_of("service: c\n" + std::string(leg) + ": { 9001: " + row.text + " }\n");
      CHECK(s.listeners.at(0).opaque == row.opaque);
      CHECK(s.listeners[0].clusters.at(0).authority == row.authority);
    }
  }
}

TEST_CASE("load: routes come in order, then the rule for the rest; clusters are shared") {
  const auto s = settings_of(
      "service: c\n"
      "outbound:\n"
      "  9000:\n"
      "    to: http://rest\n"
      "    name: rest-name\n"
      "    routes:\n"
      "      - { host: Catalog.Shop, to: \"http://catalog:8080\" }\n"
      "      - { path: /users/, to: \"http://users:8080\", name: users, timeout: 5s, sample: 0.25 }\n"
      "      - GET /carts/{id}\n"
      "      - /plain\n"
      "      - POST\n"
      "      - { host: \"*.Other\", to: \"http://catalog:8080\" }\n");
  const auto& l = s.listeners[0];
  REQUIRE(l.rules.size() == 7);
  CHECK(l.rules[0].host == "catalog.shop");
  CHECK(l.rules[1].path_prefix == "/users/");
  CHECK(l.rules[1].name == "users");
  CHECK(l.rules[1].timeout == 5s);
  CHECK(l.rules[1].sample == 0.25);
  CHECK(l.rules[2].method == "GET");
  CHECK(l.rules[2].path_template == "/carts/{id}");
  CHECK(l.rules[3].method.empty());
  CHECK(l.rules[3].path_template == "/plain");
  CHECK(l.rules[4].method == "POST");
  CHECK(l.rules[4].path_template.empty());
  CHECK(l.rules[5].host == "*.other");
  CHECK(l.rules[6].path_template.empty());
  REQUIRE(l.clusters.size() == 3);
  CHECK(l.rules[0].cluster == l.rules[5].cluster);
  CHECK(l.rules[2].cluster == l.rules[6].cluster);
  CHECK(l.clusters[l.rules[6].cluster].name == "rest-name");
  CHECK(l.clusters[l.rules[6].cluster].authority == "rest");
}

TEST_CASE("load: a listener of routes alone has no rule for the rest") {
  const auto s = settings_of("service: c\noutbound: { 9000: { routes: [ { path: /a, to: \"b:1\" } ] } }\n");
  CHECK(s.listeners[0].rules.size() == 1);
}

TEST_CASE("load: every key of a listener") {
  const auto s = settings_of(
      "service: c\n"
      "inbound:\n"
      "  8080: { to: a:1, protocol: http1, timeout: 1m, connect_timeout: 1s, idle_timeout: 2s, head_timeout: 3s, "
      "trust: none, forwarded: strip,"
      " via: off, max_body: 10MiB,\n"
      "    balance: round_robin, eject: { after: 3, on_5xx: on, time: 1s, longest: 8s }, dns_refresh: 4s,\n"
      "    tunnel_idle_timeout: 5s, min_rate: 10KiB, max_connections: 11, max_requests: 12,\n"
      "    upstream_connections: 6, upstream_pending: 7, retries: { most: 2, budget: 0.5, always: 1, max_body: 1KiB "
      "},\n"
      "    routes: [ { match: /a, retries: 0 } ] }\n"
      "outbound:\n"
      "  9001: { to: a:1, host: preserve }\n"
      "  proxy: { listen: 7128, idle_timeout: 9s, via: false }\n");
  const auto& in = s.listeners[0];
  CHECK(in.timeout == 1min);
  CHECK(in.connect_timeout == 1s);
  CHECK(in.idle_timeout == 2s);
  CHECK(in.request_head_timeout == 3s);
  CHECK(in.trust == forward::listener_settings::trust::none);
  CHECK(in.forwarded == forward::listener_settings::forwarded::strip);
  CHECK_FALSE(in.via);
  CHECK(in.max_body_bytes == 10 * 1024 * 1024);
  CHECK(in.tunnel_idle_timeout == 5s);
  CHECK(in.min_rate == 10 * 1024);
  CHECK(in.max_connections == 11);
  CHECK(in.max_requests == 12);
  CHECK(in.upstream.balance == upstream::policy::balance::round_robin);
  CHECK(in.upstream.eject_after == 3);
  CHECK(in.upstream.eject_on_5xx);
  CHECK(in.upstream.eject_time == 1s);
  CHECK(in.upstream.eject_longest == 8s);
  CHECK(in.upstream.dns_refresh == 4s);
  CHECK(in.upstream.max_connections == 6);
  CHECK(in.upstream.max_pending == 7);
  CHECK(in.retries.most == 2);
  CHECK(in.retries.budget == 0.5);
  CHECK(in.retries.always == 1);
  CHECK(in.retries.max_body_bytes == 1024);
  CHECK(in.rules[0].retries == 0);
  CHECK_FALSE(in.rules[1].retries);
  CHECK_FALSE(in.preserve_host);
  CHECK(s.listeners[1].preserve_host);
  const auto& proxy = s.listeners[2];
  CHECK(proxy.leg == leg::forward_proxy);
  CHECK(proxy.address == "127.0.0.1");
  CHECK(proxy.port == 7128);
  CHECK(proxy.key == "127.0.0.1:7128");
  CHECK(proxy.idle_timeout == 9s);
  CHECK_FALSE(proxy.via);
  CHECK(proxy.rules.empty());
  CHECK(proxy.clusters.empty());
}

TEST_CASE("load: trusted callers are all, none, or those of networks") {
  using trust = enum forward::listener_settings::trust;
  const auto in = [](const std::string& written) {
    return settings_of("service: c\ninbound: { 8080: { to: a:1" + written + " } }\n").listeners[0];
  };
  CHECK(in("").trust == trust::all);
  CHECK(in("").forwarded == forward::listener_settings::forwarded::append);
  CHECK(in(", trust: all").trust == trust::all);
  CHECK(in(", trust: none").trust == trust::none);
  const auto listed = in(", trust: [10.0.0.0/8, \"fd00::/8\"], forwarded: replace");
  CHECK(listed.trust == trust::listed);
  CHECK(listed.trusted.contain("10.1.2.3"));
  CHECK(listed.trusted.contain("fd00::1"));
  CHECK_FALSE(listed.trusted.contain("192.0.2.7"));
  CHECK(listed.forwarded == forward::listener_settings::forwarded::replace);
  CHECK(in(", trust: 192.0.2.7").trusted.contain("192.0.2.7"));
}

TEST_CASE("load: listeners are inbound, outbound, proxy, whatever the order of the file") {
  const auto s = settings_of("service: c\noutbound: { proxy: 7128, 9001: a:1 }\ninbound: { 8081: a:1, 8080: a:1 }\n");
  std::vector<std::string> keys;
  for (const auto& each : s.listeners) keys.push_back(each.key);
  CHECK(keys == std::vector<std::string>{"8081", "8080", "9001", "127.0.0.1:7128"});
}

TEST_CASE("load: several listeners on port 0 do not collide, nor do different addresses") {
  const auto s = settings_of(
      "service: c\ninbound: { 0: a:1, \"127.0.0.1:0\": a:1, \"127.0.0.1:80\": a:1, \"127.0.0.2:80\": a:1 }\n");
  CHECK(s.listeners.size() == 4);
}

TEST_CASE("load: every key of the other sections") {
  const auto s = settings_of(
      head +
      "resource: { deployment.environment.name: dev, empty: \"\", version: 1.20 }\n"
      "trace:\n"
      "  propagators: baggage\n"
      "  sampler: { parent_based: { ratio: 0.5 } }\n"
      "  correlate: { rungs: [exclusive], threshold: 0.9, id_fields: [x-id], candidate_links: 3, slots: 9 }\n"
      "  inferred_routes: 17\n"
      "  exclude: [ \"kube-probe/*\", /healthz ]\n"
      "  url_query: drop\n"
      "  redacted_query_keys: [a, b, a]\n"
      "  known_methods: [GET]\n"
      "  response_header: X-Trace\n"
      "export:\n"
      "  otlp: { endpoint: \"https://c\", compression: gzip, timeout: 3s, ca: /ca.pem, headers: { Key: v, none: \"\" } "
      "}\n"
      "  queue: { spans: 10, bytes: 1MiB, batch: 5, calls: 3, delay: 1s }\n"
      "  retry: { initial: 1s, max: 2s, total: 3s }\n"
      "admin: 7191\n"
      "viewer: { listen: \"127.0.0.1:0\", otlp: 0, db: f.db, max_size: 1GiB, max_age: 1h, allowed_hosts: [dev] }\n"
      "log: { level: debug, format: json, access: on, access_format: text }\n"
      "drain: { delay: 1s, timeout: 2s }\n"
      "limits: { workers: auto, connections: 7, header_bytes: 2KiB, header_fields: 9, target_bytes: 1KiB, requests: 8, "
      "memory: 2MiB, idle_upstream_connections: 0 }\n");
  using pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(s.resource.attributes == pairs{{"deployment.environment.name", "dev"}, {"version", "1.20"}});
  CHECK_FALSE(s.trace.tracecontext);
  CHECK(s.trace.baggage);
  CHECK(s.trace.sampler.parent_based);
  CHECK(s.trace.sampler.root == trace::sampler_settings::root_kind::ratio);
  CHECK(s.trace.sampler.ratio == 0.5);
  REQUIRE(s.correlate.has_value());
  CHECK_FALSE(s.correlate->header);
  CHECK(s.correlate->exclusive);
  CHECK_FALSE(s.correlate->candidates);
  CHECK(s.correlate->threshold == 0.9);
  CHECK(s.correlate->id_fields == std::vector<std::string>{"x-id"});
  CHECK(s.correlate->candidate_links == 3);
  CHECK(s.correlate->ledger_slots == 9);
  CHECK(s.trace.exclude == std::vector<std::string>{"kube-probe/*", "/healthz"});
  CHECK(s.trace.url_query == trace::query_policy::drop);
  CHECK(s.trace.redacted_query_keys == std::vector<std::string>{"a", "b"});
  CHECK(s.trace.known_methods == std::vector<std::string>{"GET"});
  CHECK(s.forward.response_header == "x-trace");
  CHECK(s.listeners[0].inferred_routes == 17);
  REQUIRE(s.exporter.has_value());
  CHECK(s.exporter->endpoint == "https://c:443");
  CHECK(s.exporter->gzip);
  CHECK(s.exporter->timeout == 3s);
  CHECK(s.exporter->ca_file == "/ca.pem");
  CHECK(s.exporter->headers == pairs{{"key", "v"}});
  CHECK(s.collect.queue_spans == 10);
  CHECK(s.collect.queue_bytes == 1024 * 1024);
  CHECK(s.collect.batch_spans == 5);
  CHECK(s.collect.calls == 3);
  CHECK(s.collect.delay == 1s);
  CHECK(s.collect.retry_initial == 1s);
  CHECK(s.collect.retry_max == 2s);
  CHECK(s.collect.retry_total == 3s);
  CHECK(s.admin_listen == "0.0.0.0:7191");
  REQUIRE(s.viewer.has_value());
  CHECK(s.viewer->page.address == "127.0.0.1");
  CHECK(s.viewer->page.port == 0);
  CHECK(s.viewer->otlp_listen == "127.0.0.1:0");
  CHECK(s.viewer->page.db == "f.db");
  CHECK(s.viewer->page.max_size == 1ULL << 30);
  CHECK(s.viewer->page.max_age == 1h);
  CHECK(s.viewer->page.allowed_hosts == std::vector<std::string>{"dev"});
  CHECK(s.log.level == base::log_level::debug);
  CHECK(s.log.format == base::log_format::json);
  CHECK(s.log.access == "stdout");
  CHECK(s.log.access_format == base::log_format::text);
  CHECK(s.drain.delay == 1s);
  CHECK(s.drain.timeout == 2s);
  CHECK(s.workers == 4);
  CHECK(s.forward.connections == 7);
  CHECK(s.forward.header_bytes == 2048);
  CHECK(s.forward.header_fields == 9);
  CHECK(s.forward.target_bytes == 1024);
  CHECK(s.forward.requests == 8);
  CHECK(s.forward.memory == 2 << 20);
  CHECK(s.forward.idle_upstream_connections == 0);
}

TEST_CASE("load: off, and sections that mean something by being there") {
  const auto off = settings_of(head +
                               "trace: { correlate: off, propagators: none, response_header: off }\n"
                               "export: { otlp: off }\nadmin: off\nviewer: off\n");
  CHECK_FALSE(off.correlate.has_value());
  CHECK_FALSE(off.trace.tracecontext);
  CHECK_FALSE(off.trace.baggage);
  CHECK(off.forward.response_header.empty());
  CHECK_FALSE(off.exporter.has_value());
  CHECK(off.admin_listen.empty());
  CHECK_FALSE(off.viewer.has_value());
  CHECK_FALSE(settings_of(head).viewer.has_value());
  CHECK(settings_of(head + "viewer:\n").viewer.has_value());
  CHECK(settings_of(head + "viewer: { db: x }\n").viewer->page.port == 7180);
  CHECK(settings_of(head + "log:\ntrace:\n").log.level == base::log_level::info);
}

TEST_CASE("load: samplers") {
  using root = trace::sampler_settings::root_kind;
  const struct {
    const char* text;
    bool parent_based;
    root kind;
    double ratio;
  } rows[] = {{"always_on", false, root::always_on, 1},
              {"always_off", false, root::always_off, 1},
              {"{ ratio: 0.1 }", false, root::ratio, 0.1},
              {"{ ratio: 1 }", false, root::ratio, 1},
              {"{ parent_based: always_off }", true, root::always_off, 1},
              {"{ parent_based: { ratio: 0 } }", true, root::ratio, 0}};
  for (const auto& row : rows) {
    INFO(row.text);
    const auto s = settings_of(head + "trace: { sampler: " + row.text + " }\n").trace.sampler;
    CHECK(s.parent_based == row.parent_based);
    CHECK(s.root == row.kind);
    CHECK(s.ratio == row.ratio);
  }
}

// YAML 1.2 §10.3.2: the core schema.
TEST_CASE("load: scalars are those of YAML 1.2") {
  for (const char* word : {"no", "yes", "on", "NO", "true", "1.0", "0x10", "2001-01-01", "1_000"}) {
    CHECK(settings_of(std::string("service: ") + word + "\ninbound: { 8080: a:1 }\n").service == word);
  }
  const struct {
    const char* text;
    std::size_t number;
  } rows[] = {{"10", 10}, {"010", 10}, {"0o10", 8}, {"0x10", 16}, {"+5", 5}, {"\"12\"", 12}};
  for (const auto& row : rows) {
    INFO(row.text);
    CHECK(settings_of(head + "limits: { connections: " + row.text + " }\n").forward.connections == row.number);
  }
}

TEST_CASE("load: variables are replaced in values") {
  const config::environment variables = {
      {"NAME", "shop"}, {"PORT", "3000"}, {"EMPTY", ""}, {"EVIL", "x\nlog: { level: off }"}};
  const struct {
    const char* text;
    const char* service;
  } rows[] = {{"${NAME}", "shop"},
              {"a-${NAME}-${PORT}", "a-shop-3000"},
              {"${NONE:-cart}", "cart"},
              {"${EMPTY:-cart}", "cart"},
              {"${NAME:-cart}", "shop"},
              {"${NAME:?say it}", "shop"},
              {"\"${NAME}\"", "shop"},
              {"'${NAME}'", "shop"},
              {"$$NAME", "$NAME"},
              {"$${NAME}", "${NAME}"},
              {"a$b", "a$b"},
              {"${EMPTY}x", "x"},
              {"${EVIL}", "x\nlog: { level: off }"}};
  for (const auto& row : rows) {
    INFO(row.text);
    const auto s =
        settings_of(std::string("service: ") + row.text + "\ninbound: { 8080: \"a:${PORT}\" }\n", {}, variables);
    CHECK(s.service == row.service);
    CHECK(s.listeners[0].clusters[0].port == 3000);
    CHECK(s.log.level == base::log_level::info);
  }
}

TEST_CASE("load: flag over SIDESPAN_* over OTEL_* over file over default") {
  const std::string file = head + "log: { level: error }\n";
  const config::environment otel = {{"OTEL_LOG_LEVEL", "warn"}};
  config::environment ours = otel;
  ours["SIDESPAN_LOG_LEVEL"] = "debug";
  const std::vector<config::flag> flags = {{"--log-level", {"log", "level"}, "trace"}};
  CHECK(settings_of(head).log.level == base::log_level::info);
  CHECK(settings_of(file).log.level == base::log_level::error);
  CHECK(settings_of(file, {}, otel).log.level == base::log_level::warn);
  CHECK(settings_of(file, {}, ours).log.level == base::log_level::debug);
  CHECK(settings_of(file, flags, ours).log.level == base::log_level::trace);
}

TEST_CASE("load: a flag for a listener of the file replaces its upstream and leaves the rest") {
  const auto s = settings_of("service: c\ninbound: { 8080: { to: a:1, timeout: 9s } }\n",
                             {{"--in", {"inbound", "8080", "to"}, "b:2"}});
  REQUIRE(s.listeners.size() == 1);
  CHECK(s.listeners[0].timeout == 9s);
  CHECK(s.listeners[0].clusters.at(0).authority == "b:2");
}

TEST_CASE("load: wrong flags are named by the flag") {
  const config::outcome loaded = config::load(
      {"f.yaml", head, {}, {{"--in", {"inbound", "x", "to"}, "a:1"}, {"--set", {"drain", "timeot"}, "1s"}}, 1});
  CHECK_FALSE(loaded.settings.has_value());
  REQUIRE(loaded.problems.size() == 2);
  CHECK(config::format(loaded.problems[0]) == "--in: \"x\" is not a port or address:port, like 8080 or 127.0.0.1:8080");
  CHECK(config::format(loaded.problems[1]) == "--set: drain.timeot: unknown key, did you mean \"timeout\"?");
}

TEST_CASE("load: the viewer alone needs nothing, takes flags and its variables") {
  std::vector<config::problem> problems;
  config::sources from;
  from.variables = {{"SIDESPAN_VIEWER_DB", "a.db"}, {"SIDESPAN_LOG_LEVEL", "nonsense"}};
  from.flags = {{"--listen", {"viewer", "listen"}, "7200"}};
  const auto viewer = config::load_viewer(from, problems);
  REQUIRE(viewer.has_value());
  CHECK(problems.empty());
  CHECK(viewer->page.db == "a.db");
  CHECK(viewer->page.port == 7200);
  CHECK(viewer->otlp_listen == "127.0.0.1:4317");
  from.flags = {{"--max-size", {"viewer", "max_size"}, "1"}};
  CHECK_FALSE(config::load_viewer(from, problems).has_value());
  CHECK(config::format(problems.at(0)) == "--max-size: viewer.max_size: 1 is out of range (1MiB..1024GiB)");
}

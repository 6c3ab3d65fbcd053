// SPDX-License-Identifier: Apache-2.0
#include "trace/http_attributes.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <string>

#include "support/fake_clock.hpp"
#include "support/kept_records.hpp"

using namespace sidespan;
using trace::key;
using trace::span_kind;

namespace {

std::string shown(const support::attribute& a) {
  switch (a.type) {
    case support::attribute::type::text:
      return "\"" + a.text + "\"";
    case support::attribute::type::integer:
      return std::to_string(a.integer);
    case support::attribute::type::real:
      return std::to_string(a.real);
    case support::attribute::type::boolean:
      return a.boolean ? "true" : "false";
  }
  return "?";
}

using attributes = std::map<std::string, std::string>;

attributes all(const support::span& from) {
  attributes out;
  for (const auto& a : from.attributes) out.emplace(trace::name(a.key), shown(a));
  return out;
}

/// A finished span of `kind` that `describe` was done to.
support::span after(span_kind kind, const std::function<void(trace::live_span&)>& describe) {
  support::kept_records out;
  const support::fake_clock clock;
  trace::context self;
  self.trace.bytes[0] = self.span.bytes[0] = 1;
  self.flags = trace::flags::sampled;
  {
    trace::live_span span(out, clock, kind, self, {}, false);
    describe(span);
  }
  REQUIRE(out.all.size() == 1);
  return std::move(out.all[0]);
}

struct request {
  http::request_head head;
  trace::request_facts facts;
  trace::settings settings;

  request() {
    head.method = "GET";
    head.fields.add("User-Agent", "curl/8");
    facts.scheme = "http";
    facts.host = "shop";
    facts.port = 8080;
    facts.path = "/carts/1";
    facts.route = "/carts/{id}";
    facts.client_address = "203.0.113.9";
    facts.peer_address = "10.0.0.1";
    facts.peer_port = 5123;
  }
  support::span server() {
    facts.head = &head;
    return after(span_kind::server, [this](auto& span) { trace::describe_server(span, facts, settings); });
  }
  support::span client() {
    facts.head = &head;
    return after(span_kind::client, [this](auto& span) { trace::describe_client(span, facts, settings); });
  }
};

}  // namespace

TEST_CASE("http attributes: all of a SERVER span (specs §5.3)") {
  request r;
  r.facts.query = "a=1&sig=x";
  r.facts.has_query = true;
  const auto done = r.server();
  CHECK(done.name() == "GET /carts/{id}");
  CHECK(done.status == trace::span_status::unset);
  CHECK(all(done) == attributes{{"http.request.method", "\"GET\""},
                                {"sidespan.leg", "\"inbound\""},
                                {"url.scheme", "\"http\""},
                                {"url.path", "\"/carts/1\""},
                                {"url.query", "\"a=1&sig=REDACTED\""},
                                {"http.route", "\"/carts/{id}\""},
                                {"server.address", "\"shop\""},
                                {"server.port", "8080"},
                                {"client.address", "\"203.0.113.9\""},
                                {"network.peer.address", "\"10.0.0.1\""},
                                {"network.peer.port", "5123"},
                                {"network.protocol.version", "\"1.1\""},
                                {"user_agent.original", "\"curl/8\""}});
}

TEST_CASE("http attributes: all of a CLIENT span (specs §5.3)") {
  request r;
  r.facts.query = "a=1&sig=x";
  r.facts.has_query = true;
  r.facts.peer_address = {};
  const auto done = r.client();
  CHECK(done.name() == "GET /carts/{id}");
  CHECK(all(done) == attributes{{"http.request.method", "\"GET\""},
                                {"sidespan.leg", "\"outbound\""},
                                {"url.full", "\"http://shop:8080/carts/1?a=1&sig=REDACTED\""},
                                {"url.template", "\"/carts/{id}\""},
                                {"server.address", "\"shop\""},
                                {"server.port", "8080"},
                                {"network.protocol.version", "\"1.1\""}});
}

TEST_CASE("http attributes: what is not known is absent, never empty") {
  request r;
  r.head.fields.clear();
  r.facts = {};
  r.facts.scheme = "http";
  r.facts.path = "/";
  CHECK(all(r.server()) == attributes{{"http.request.method", "\"GET\""},
                                      {"sidespan.leg", "\"inbound\""},
                                      {"url.scheme", "\"http\""},
                                      {"url.path", "\"/\""},
                                      {"network.protocol.version", "\"1.1\""}});
}

TEST_CASE("http attributes: names and methods (SC-11, SC-12, SC-13)") {
  struct vector {
    const char* method;
    const char* route;
    const char* name;
    const char* recorded;
    bool original;
  };
  const auto row = GENERATE(values<vector>({
      {"GET", "/a/{b}", "GET /a/{b}", "GET", false},
      {"GET", "", "GET", "GET", false},
      {"QUERY", "", "QUERY", "QUERY", false},
      {"CONNECT", "", "CONNECT", "CONNECT", false},
      {"get", "", "HTTP", "_OTHER", true},
      {"PROPFIND", "/a/{b}", "HTTP /a/{b}", "_OTHER", true},
      {"GETS", "", "HTTP", "_OTHER", true},
  }));
  CAPTURE(row.method);
  request r;
  r.head.method = row.method;
  r.facts.route = row.route;
  for (const auto& done : {r.server(), r.client()}) {
    const auto found = all(done);
    CHECK(done.name() == row.name);
    CHECK(found.at("http.request.method") == "\"" + std::string(row.recorded) + "\"");
    CHECK(found.count("http.request.method_original") == (row.original ? 1 : 0));
    if (row.original) CHECK(found.at("http.request.method_original") == "\"" + std::string(row.method) + "\"");
  }
}

TEST_CASE("http attributes: the list of known methods can be replaced (SC-13)") {
  request r;
  r.settings.known_methods = {"PROPFIND"};
  CHECK(r.server().name() == "HTTP /carts/{id}");
  r.head.method = "PROPFIND";
  CHECK(r.server().name() == "PROPFIND /carts/{id}");
}

TEST_CASE("http attributes: query policy applies to url.full and url.query") {
  struct vector {
    trace::query_policy policy;
    const char* query;
    bool has_query;
    std::string url_query;  // empty: absent
    std::string full;
  };
  using trace::query_policy;
  const auto row = GENERATE(values<vector>({
      {query_policy::keep, "a=1&sig=x", true, "\"a=1&sig=x\"", "\"http://shop:8080/carts/1?a=1&sig=x\""},
      {query_policy::redact, "a=1&sig=x", true, "\"a=1&sig=REDACTED\"",
       "\"http://shop:8080/carts/1?a=1&sig=REDACTED\""},
      {query_policy::drop, "a=1&sig=x", true, "", "\"http://shop:8080/carts/1\""},
      {query_policy::keep, "", true, "", "\"http://shop:8080/carts/1?\""},
      {query_policy::redact, "", true, "", "\"http://shop:8080/carts/1?\""},
      {query_policy::redact, "", false, "", "\"http://shop:8080/carts/1\""},
  }));
  request r;
  r.settings.url_query = row.policy;
  r.facts.query = row.query;
  r.facts.has_query = row.has_query;
  const auto server = all(r.server());
  CHECK(server.count("url.query") == (row.url_query.empty() ? 0 : 1));
  if (!row.url_query.empty()) CHECK(server.at("url.query") == row.url_query);
  CHECK(all(r.client()).at("url.full") == row.full);
}

TEST_CASE("http attributes: ports") {
  request r;
  r.facts.port = 0;
  CHECK(all(r.server()).count("server.port") == 0);
  CHECK(all(r.client()).at("server.port") == "80");
  CHECK(all(r.client()).at("url.full") == "\"http://shop/carts/1\"");
  r.facts.scheme = "https";
  CHECK(all(r.client()).at("server.port") == "443");
}

TEST_CASE("http attributes: requests of one connection say the same as if each were the first") {
  const auto kind = GENERATE(span_kind::server, span_kind::client);
  // Each differs from the usual one in one thing.
  struct row {
    std::string_view method = "GET", scheme = "http", host = "shop", route = "/carts/{id}", client = "203.0.113.9",
                     agent = "curl/8";
    std::uint16_t port = 8080;
    http::version version = http::version::http_1_1;
    bool inferred = false;
  };
  std::vector<row> others;
  others.push_back({.method = "POST"});
  others.push_back({.method = "BREW"});
  others.push_back({.scheme = "https"});
  others.push_back({.host = "shoq"});
  others.push_back({.host = "user@shop"});
  others.push_back({.host = "shop/carts/{id}", .route = ""});  // the same one behind the other
  others.push_back({.route = "/carts/{ie}"});
  others.push_back({.route = ""});
  others.push_back({.client = "203.0.113.8"});
  others.push_back({.agent = ""});
  others.push_back({.agent = "curl/9"});
  others.push_back({.port = 8081});
  others.push_back({.port = 0});
  others.push_back({.version = http::version::http_1_0});
  others.push_back({.inferred = true});
  std::vector<row> rows;
  for (const row& each : others) rows.insert(rows.end(), {row{}, each});
  trace::recurring before;
  int number = 0;
  for (const row& each : rows) {
    for (int times = 0; times < 3; ++times) {  // learned, told again, and after that different
      const std::string path = "/carts/" + std::to_string(++number);
      request r;
      r.head.method = each.method;
      r.head.version = each.version;
      r.head.fields.remove(http::field_id::user_agent);
      if (!each.agent.empty()) r.head.fields.add("User-Agent", each.agent);
      r.facts.head = &r.head;
      r.facts.scheme = each.scheme;
      r.facts.host = each.host;
      r.facts.port = each.port;
      r.facts.route = each.route;
      r.facts.route_inferred = each.inferred;
      r.facts.client_address = each.client;
      r.facts.path = path;
      const auto described = [&](trace::recurring* with) {
        return after(kind, [&](auto& span) {
          if (kind == span_kind::server) trace::describe_server(span, r.facts, r.settings, with);
          if (kind == span_kind::client) trace::describe_client(span, r.facts, r.settings, with);
          span.set(key::server_port, 1);  // keys that were repeated count as set
        });
      };
      const auto with = described(&before);
      const auto without = described(nullptr);
      REQUIRE(with.name() == without.name());
      REQUIRE(with.attributes.size() == all(with).size());
      REQUIRE(all(with) == all(without));
    }
  }
}

TEST_CASE("http attributes: credentials never appear (SC-30)") {
  request r;
  r.facts.host = "user:pass@shop";
  for (const auto& done : {r.server(), r.client()}) {
    CHECK(all(done).at("server.address") == "\"shop\"");
    CHECK(done.text().find("pass") == std::string::npos);
    CHECK(done.text().find("user:") == std::string::npos);
  }
  CHECK(all(r.client()).at("url.full") == "\"http://REDACTED:REDACTED@shop:8080/carts/1\"");
}

TEST_CASE("http attributes: a secret at the cut of a long query does not show") {
  request r;
  const std::string query = std::string(4060, 'a') + "&sig=" + std::string(200, 's');
  r.facts.query = query;
  r.facts.has_query = true;
  CHECK(r.server().text().find("ss") == std::string::npos);
  CHECK(r.client().text().find("ss") == std::string::npos);
}

TEST_CASE("http attributes: protocol versions") {
  using row = std::pair<http::version, std::string>;
  const auto [version, text] = GENERATE(
      values<row>({{http::version::http_1_0, "1.0"}, {http::version::http_1_1, "1.1"}, {http::version::http_2, "2"}}));
  request r;
  r.head.version = version;
  CHECK(all(r.server()).at("network.protocol.version") == "\"" + text + "\"");
  CHECK(all(r.client()).at("network.protocol.version") == "\"1.1\"");  // what is spoken to the upstream, always
}

TEST_CASE("http attributes: nothing is said about a request that was refused before it was read") {
  request r;
  r.head = {};
  r.facts = {};
  r.facts.head = &r.head;
  for (const auto& done : {r.server(), r.client()}) {
    const auto found = all(done);
    CHECK(done.name() == "HTTP");
    CHECK(found.at("http.request.method") == "\"_OTHER\"");
    for (const char* name : {"http.request.method_original", "url.path", "url.full"}) CHECK(found.count(name) == 0);
  }
  CHECK(all(r.server()).count("network.protocol.version") == 0);
}

TEST_CASE("http attributes: the endpoint of an attempt") {
  const bool reused = GENERATE(true, false);
  const auto tcp = after(span_kind::client, [&](auto& span) { trace::describe_peer(span, "10.0.0.7", 9001, reused); });
  CHECK(all(tcp) == attributes{{"network.peer.address", "\"10.0.0.7\""},
                               {"network.peer.port", "9001"},
                               {"sidespan.connection_reused", reused ? "true" : "false"}});
  const auto local =
      after(span_kind::client, [&](auto& span) { trace::describe_peer(span, "/run/app.sock", 0, reused); });
  CHECK(all(local).count("network.peer.port") == 0);
}

TEST_CASE("http attributes: status codes (SC-14, SC-16)") {
  struct vector {
    int status;
    bool server_error, client_error;
  };
  const auto row = GENERATE(values<vector>({{101, false, false},
                                            {200, false, false},
                                            {204, false, false},
                                            {304, false, false},
                                            {399, false, false},
                                            {400, false, true},
                                            {404, false, true},
                                            {499, false, true},
                                            {500, true, true},
                                            {503, true, true},
                                            {599, true, true},
                                            {600, true, true},
                                            {999, true, true},
                                            {99, true, true},
                                            {0, true, true}}));
  for (const auto kind : {span_kind::server, span_kind::client}) {
    const bool error = kind == span_kind::server ? row.server_error : row.client_error;
    CAPTURE(row.status, error);
    const auto done = after(kind, [&](auto& span) { trace::describe_response(span, kind, row.status); });
    attributes expected{{"http.response.status_code", std::to_string(row.status)}};
    if (error) expected.emplace("error.type", "\"" + std::to_string(row.status) + "\"");
    CHECK(all(done) == expected);
    CHECK((done.status == trace::span_status::error) == error);
  }
}

TEST_CASE(
    "http attributes: a fault is an error with its token; the caller's own are none on SERVER (SC-15, decision 11)") {
  using base::fault_code;
  struct vector {
    fault_code code;
    const char* server;  // empty: no error
    const char* client;
  };
  const auto row = GENERATE(values<vector>({
      {fault_code::connection_refused, "connection_refused", "connection_refused"},
      {fault_code::connection_timeout, "connection_timeout", "connection_timeout"},
      {fault_code::http_response_incomplete, "http_response_incomplete", "http_response_incomplete"},
      {fault_code::dns_error, "dns_error", "dns_error"},
      {fault_code::proxy_internal_error, "proxy_internal_error", "proxy_internal_error"},
      {fault_code::shutting_down, "destination_unavailable", "destination_unavailable"},
      {fault_code::not_implemented, "http_request_error", "http_request_error"},
      {fault_code::version_not_supported, "http_request_error", "http_request_error"},
      {fault_code::http_request_error, "", "http_request_error"},
      {fault_code::http_request_denied, "", "http_request_denied"},
      {fault_code::request_header_section_size, "", "http_request_error"},
      {fault_code::request_uri_too_long, "", "http_request_error"},
      {fault_code::request_body_size, "", "http_request_error"},
      {fault_code::request_timeout, "", "http_request_error"},
      {fault_code::destination_not_found, "", "destination_not_found"},
  }));
  const base::fault fault(row.code, base::side::upstream, base::stage::connect);
  for (const auto kind : {span_kind::server, span_kind::client}) {
    const std::string token = kind == span_kind::server ? row.server : row.client;
    CAPTURE(token, kind == span_kind::server);
    const auto done = after(kind, [&](auto& span) { trace::describe_fault(span, fault); });
    CHECK(all(done) == (token.empty() ? attributes{} : attributes{{"error.type", "\"" + token + "\""}}));
    CHECK((done.status == trace::span_status::error) == !token.empty());
  }
}

TEST_CASE("http attributes: a caller that went away is not an error (SC-17, decision 12)") {
  const auto kind = GENERATE(span_kind::server, span_kind::client);
  const base::fault gone(base::fault_code::downstream_closed, base::side::downstream, base::stage::read_body);
  const auto done = after(kind, [&](auto& span) {
    trace::describe_response(span, kind, 200);
    trace::describe_fault(span, gone);
  });
  CHECK(all(done) == attributes{{"http.response.status_code", "200"}, {"sidespan.downstream_closed", "true"}});
  CHECK(done.status == trace::span_status::unset);
}

TEST_CASE("http attributes: no fault is no error") {
  const auto done = after(span_kind::client, [](auto& span) { trace::describe_fault(span, base::fault()); });
  CHECK(all(done).empty());
  CHECK(done.status == trace::span_status::unset);
}

TEST_CASE("http attributes: the fault names the reason, the status stays, in any order (SC-15, decision 11)") {
  const base::fault fault(base::fault_code::connection_refused, base::side::upstream, base::stage::connect);
  const int status = GENERATE(201, 502);
  const attributes expected{{"http.response.status_code", std::to_string(status)},
                            {"error.type", "\"connection_refused\""}};
  const auto kind = GENERATE(span_kind::server, span_kind::client);
  const auto status_first = after(kind, [&](auto& span) {
    trace::describe_response(span, kind, status);
    trace::describe_fault(span, fault);
  });
  const auto fault_first = after(kind, [&](auto& span) {
    trace::describe_fault(span, fault);
    trace::describe_response(span, kind, status);
  });
  for (const auto* done : {&status_first, &fault_first}) {
    CHECK(all(*done) == expected);
    CHECK(done->status == trace::span_status::error);
  }
}

TEST_CASE("http attributes: text from the wire is made valid UTF-8") {
  request r;
  r.head.fields.clear();
  r.head.fields.add("User-Agent", "caf\xE9");
  CHECK(all(r.server()).at("user_agent.original") == "\"caf\xEF\xBF\xBD\"");
}

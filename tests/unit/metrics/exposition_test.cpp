// SPDX-License-Identifier: Apache-2.0
//
// Reads the page back with a parser of its own that refuses what Prometheus would refuse: lines of one family apart,
// samples without a type, the same series twice, bad names, bad escapes.
#include "metrics/exposition.hpp"

#include <catch2/catch.hpp>

#include <cctype>
#include <chrono>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sidespan::metrics {
namespace {

using std::chrono::milliseconds;

struct page {
  std::map<std::string, std::string> types, helps;
  std::map<std::string, std::string> values;  // "name{labels}" as printed → value
};

std::string family_of(const std::string& name, const page& page) {
  for (const char* suffix : {"_bucket", "_sum", "_count"}) {
    const std::size_t size = std::string(suffix).size();
    if (name.size() <= size || name.substr(name.size() - size) != suffix) continue;
    const auto base = page.types.find(name.substr(0, name.size() - size));
    if (base != page.types.end() && base->second == "histogram") return base->first;
  }
  return name;
}

/// Takes what the format says off the front of a line, or throws.
class cursor {
 public:
  explicit cursor(const std::string& line) : line_(line), rest_(line) {}

  [[noreturn]] void fail() const { throw std::runtime_error("bad line: " + line_); }
  bool take(std::string_view text) {
    if (rest_.substr(0, text.size()) != text) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void expect(std::string_view text) {
    if (!take(text)) fail();
  }
  std::string name() {
    std::size_t size = 0;
    while (size < rest_.size() && (std::isalnum(static_cast<unsigned char>(rest_[size])) || rest_[size] == '_')) ++size;
    if (size == 0 || std::isdigit(static_cast<unsigned char>(rest_[0]))) fail();
    return std::string(cut(size));
  }
  void quoted() {
    expect("\"");
    while (!take("\"")) {
      if (rest_.empty()) fail();
      if (take("\\") && rest_.find_first_of("\\\"n") != 0) fail();
      cut(1);
    }
  }
  std::string rest() { return std::string(cut(rest_.size())); }
  std::size_t at() const { return line_.size() - rest_.size(); }

 private:
  std::string_view cut(std::size_t size) {
    const std::string_view front = rest_.substr(0, size);
    rest_.remove_prefix(std::min(size, rest_.size()));
    return front;
  }
  const std::string& line_;
  std::string_view rest_;
};

void read_comment(const std::string& line, page& page, std::string& family) {
  cursor in(line);
  const bool help = in.take("# HELP ");
  if (!help) in.expect("# TYPE ");
  family = in.name();
  in.expect(" ");
  if (!(help ? page.helps : page.types).emplace(family, in.rest()).second) in.fail();
}

// Exactly one series per line, beside its family, of a known type, never twice.
void read_sample(const std::string& line, page& page, const std::string& family) {
  cursor in(line);
  const std::string name = in.name();
  for (bool more = in.take("{"); more;) {
    in.name();
    in.expect("=");
    in.quoted();
    more = in.take(",");
    if (!more) in.expect("}");
  }
  const std::string series = line.substr(0, in.at());
  in.expect(" ");
  const std::string value = in.rest();
  if (value.empty() || value.find(' ') != std::string::npos) in.fail();
  if (family_of(name, page) != family || page.types.count(family) == 0) in.fail();
  if (!page.values.emplace(series, value).second) in.fail();
}

page read_back(const std::string& text) {
  page page;
  std::string line, family;
  if (!text.empty() && text.back() != '\n') throw std::runtime_error("no end of line");
  for (std::istringstream lines(text); std::getline(lines, line);) {
    line.front() == '#' ? read_comment(line, page, family) : read_sample(line, page, family);
  }
  return page;
}

TEST_CASE("parser of this test: refuses what is wrong, so that it can fail") {
  const char* const wrong[] = {
      "# TYPE a gauge\na 1",
      "a 1\n",
      "# TYPE a gauge\na 1\na 1\n",
      "# TYPE a gauge\n# TYPE b gauge\na 1\n",
      "# TYPE a gauge\na{l=\"\"\"} 1\n",
      "# TYPE a gauge\na{l=\"\\x\"} 1\n",
      "# TYPE a gauge\na{} 1\n",
      "# TYPE a gauge\na{l=\"x\" 1\n",
      "# TYPE a gauge\na{l=\"x\",} 1\n",
      "# TYPE a gauge\na{l=\"x} 1\n",
      "# TYPE a gauge\na\n",
      "# TYPE a gauge\n9a 1\n",
      "# TYPE a gauge\n# TYPE a gauge\n",
      "# TYPE a gauge\na_bucket 1\n",
  };
  for (const char* text : wrong) CHECK_THROWS(read_back(text));
}

TEST_CASE("exposition: an idle program shows every family") {
  const registry shard;
  const registry* const shards[] = {&shard};
  const page page = read_back(exposition(shards, {}));
  const std::map<std::string, std::string> types = {{"http_server_request_duration_seconds", "histogram"},
                                                    {"http_client_request_duration_seconds", "histogram"},
                                                    {"http_server_active_requests", "gauge"},
                                                    {"http_client_active_requests", "gauge"},
                                                    {"sidespan_limited_total", "counter"},
                                                    {"sidespan_connections_accepted_total", "counter"},
                                                    {"sidespan_connections_open", "gauge"},
                                                    {"sidespan_link_total", "counter"},
                                                    {"sidespan_upstream_events_total", "counter"},
                                                    {"sidespan_tunnels_open", "gauge"},
                                                    {"sidespan_tunnels_total", "counter"},
                                                    {"sidespan_tunnel_bytes_total", "counter"}};
  CHECK(page.types == types);
  for (const auto& [name, type] : types) CHECK_FALSE(page.helps.at(name).empty());
  CHECK(page.values.at("http_server_active_requests") == "0");
  CHECK(page.values.at("sidespan_connections_open{side=\"upstream\"}") == "0");
}

TEST_CASE("exposition: the shards are added up, series by series") {
  registry a, b;
  a.server_request({"GET", 200, "/carts/{id}", "", "ignored"}, milliseconds(3));
  b.server_request({"GET", 200, "/carts/{id}", "", ""}, milliseconds(7));
  b.server_request({"GET", 200, "/carts/{id}", "", ""}, milliseconds(60000));
  b.server_request({"GET", 502, "/carts/{id}", "connection_refused", ""}, milliseconds(1));
  a.client_request({"GET", 0, "", "connection_timeout", "stock:8080"}, milliseconds(600));
  for (registry* shard : {&a, &b}) {
    shard->server_active(2);
    shard->connection_accepted(leg::inbound);
    shard->connections_open(side::downstream, 1);
    shard->connections_open(side::upstream, 3);
    shard->link("exclusive", "asserted");
    shard->client_active(1);
    shard->limited("memory");
  }
  b.server_active(-1);
  b.connection_accepted(leg::outbound);
  b.connections_open(side::upstream, -1);
  a.link("none", "root");
  const registry* const shards[] = {&a, &b};
  const auto values = read_back(exposition(shards, {})).values;

  const std::string ok = "http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/carts/{id}\"";
  const std::string server = "http_server_request_duration_seconds";
  CHECK(values.at(server + "_bucket{" + ok + ",le=\"0.005\"}") == "1");
  CHECK(values.at(server + "_bucket{" + ok + ",le=\"0.01\"}") == "2");
  CHECK(values.at(server + "_bucket{" + ok + ",le=\"10\"}") == "2");
  CHECK(values.at(server + "_bucket{" + ok + ",le=\"+Inf\"}") == "3");
  CHECK(values.at(server + "_count{" + ok + "}") == "3");
  CHECK(std::stod(values.at(server + "_sum{" + ok + "}")) == Approx(60.010));
  CHECK(values.at(server +
                  "_count{http_request_method=\"GET\",http_response_status_code=\"502\",http_route=\"/carts/{id}\","
                  "error_type=\"connection_refused\"}") == "1");
  CHECK(values.at("http_client_request_duration_seconds_count{http_request_method=\"GET\","
                  "error_type=\"connection_timeout\",server_address=\"stock:8080\"}") == "1");
  CHECK(values.at("http_server_active_requests") == "3");
  CHECK(values.at("http_client_active_requests") == "2");
  CHECK(values.at("sidespan_limited_total{limit=\"memory\"}") == "2");
  CHECK(values.at("sidespan_connections_accepted_total{leg=\"inbound\"}") == "2");
  CHECK(values.at("sidespan_connections_accepted_total{leg=\"outbound\"}") == "1");
  CHECK(values.at("sidespan_connections_open{side=\"downstream\"}") == "2");
  CHECK(values.at("sidespan_connections_open{side=\"upstream\"}") == "5");
  CHECK(values.at("sidespan_link_total{method=\"exclusive\",result=\"asserted\"}") == "2");
  CHECK(values.at("sidespan_link_total{method=\"none\",result=\"root\"}") == "1");
}

TEST_CASE("exposition: tunnels of all shards") {
  registry a, b;
  a.tunnels_open("upgrade", 1);
  b.tunnels_open("upgrade", 1);
  b.tunnels_open("tcp", 1);
  b.tunnels_open("tcp", -1);
  b.tunnel_finished("inbound", "tcp", "upstream_closed");
  a.tunnel_bytes("inbound", "up", 4);
  b.tunnel_bytes("inbound", "up", 5);
  const registry* const shards[] = {&a, &b};
  const std::string text = exposition(shards, {});
  for (const char* line : {"sidespan_tunnels_open{kind=\"upgrade\"} 2\n", "sidespan_tunnels_open{kind=\"tcp\"} 0\n",
                           "sidespan_tunnels_total{leg=\"inbound\",kind=\"tcp\",end=\"upstream_closed\"} 1\n",
                           "sidespan_tunnel_bytes_total{leg=\"inbound\",direction=\"up\"} 9\n"}) {
    INFO(line);
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("exposition: events of the upstreams of all shards") {
  registry a, b;
  a.upstream_event("stock:80", "ejected");
  b.upstream_event("stock:80", "ejected");
  b.upstream_event("stock:80", "retried");
  a.upstream_event("users:80", "retried");
  for (int i = 0; i < 100; ++i) a.upstream_event("shop-" + std::to_string(i), "dns_failed");
  const registry* const shards[] = {&a, &b};
  const auto values = read_back(exposition(shards, {})).values;
  const std::string name = "sidespan_upstream_events_total";
  CHECK(values.at(name + "{upstream=\"stock:80\",event=\"ejected\"}") == "2");
  CHECK(values.at(name + "{upstream=\"stock:80\",event=\"retried\"}") == "1");
  CHECK(values.at(name + "{upstream=\"users:80\",event=\"retried\"}") == "1");
  CHECK(values.at(name + "{upstream=\"shop-99\",event=\"dns_failed\"}") == "1");
}

TEST_CASE("exposition: buckets have the advised bounds, each once, and never fall") {
  registry shard;
  for (int ms = 0; ms < 12000; ms += 100) shard.server_request({"GET", 200, "/", "", ""}, milliseconds(ms));
  const registry* const shards[] = {&shard};
  std::istringstream lines(exposition(shards, {}));
  std::vector<std::string> bounds;
  long before = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t le = line.find("le=\"");
    if (le == std::string::npos) continue;
    bounds.push_back(line.substr(le + 4, line.find('"', le + 4) - le - 4));
    const long value = std::stol(line.substr(line.rfind(' ')));
    CHECK(value >= before);
    before = value;
  }
  CHECK(bounds == std::vector<std::string>{"0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1",
                                           "2.5", "5", "7.5", "10", "+Inf"});
  CHECK(before == 120);
}

TEST_CASE("exposition: statuses of three digits, none for 0 and nonsense") {
  registry shard;
  for (const int status : {0, -1, 1000, 7, 99, 404, 599})
    shard.server_request({"GET", status, "", "", ""}, milliseconds(1));
  const registry* const shards[] = {&shard};
  const auto values = read_back(exposition(shards, {})).values;
  const std::string count = "http_server_request_duration_seconds_count{http_request_method=\"GET\"";
  CHECK(values.at(count + "}") == "3");
  for (const char* text : {"007", "099", "404", "599"}) {
    CHECK(values.at(count + ",http_response_status_code=\"" + text + "\"}") == "1");
  }
}

TEST_CASE("exposition: samples from outside are grouped by name, help and type of the first") {
  const sample samples[] = {
      {"otel_sdk_exporter_span_exported_total", "Spans.", sample::kind::counter, {}, 5},
      {"sidespan_build_info", "Build.", sample::kind::gauge, {{"version", "0.1.0"}, {"note", "a \"b\"\n\\"}}, 1},
      {"otel_sdk_exporter_span_exported_total", "Not this.", sample::kind::gauge, {{"error_type", "queue_full"}}, 2.5},
      {"not a name", "Left out.", sample::kind::gauge, {}, 1},
  };
  const page page = read_back(exposition({}, samples));
  CHECK(page.types.at("otel_sdk_exporter_span_exported_total") == "counter");
  CHECK(page.helps.at("otel_sdk_exporter_span_exported_total") == "Spans.");
  CHECK(page.values.at("otel_sdk_exporter_span_exported_total") == "5");
  CHECK(page.values.at("otel_sdk_exporter_span_exported_total{error_type=\"queue_full\"}") == "2.5");
  CHECK(page.values.at("sidespan_build_info{version=\"0.1.0\",note=\"a \\\"b\\\"\\n\\\\\"}") == "1");
  CHECK(page.types.count("not a name") == 0);
}

TEST_CASE("exposition: hostile label values leave the page readable") {
  registry shard;
  shard.client_request({"GET", 200, "", "", "\"} 1\nfaked_total 5\n\\\xff\x80"}, milliseconds(1));
  const registry* const shards[] = {&shard};
  const page page = read_back(exposition(shards, {}));
  CHECK(page.values.count("faked_total") == 0);
  CHECK(page.values.count("http_client_request_duration_seconds_count{http_request_method=\"GET\","
                          "http_response_status_code=\"200\",server_address=\"\\\"} 1\\nfaked_total 5\\n\\\\??\"}") ==
        1);
}

}  // namespace
}  // namespace sidespan::metrics

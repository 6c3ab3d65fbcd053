// SPDX-License-Identifier: Apache-2.0

#include "viewer/api.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "unit/viewer/sample.hpp"

namespace sidespan::viewer::test {
namespace {

using nlohmann::json;

struct bench {
  fake_clock clock;
  database data{""};
  store writer{data, {64 * 1024 * 1024, std::chrono::hours(1)}, clock};
  query reader{data};
  api answers{data, reader, writer, settings{}};

  wire::page_response ask(const std::string& target, const std::string& method = "GET") {
    wire::page_request request;
    request.method = method;
    REQUIRE(wire::parse_page_target(target, request));
    return answers.respond(request);
  }
  json get(const std::string& target) {
    const wire::page_response response = ask(target);
    CHECK(response.status == 200);
    CHECK(response.content_type == "application/json");
    return json::parse(response.body);
  }
};

}  // namespace

TEST_CASE("api: the list has the documented shape") {
  bench b;
  span child = sample(1, 2, 1, "GET /carts/{id}", 1, 9, "cart");
  child.status = span_status::error;
  b.writer.insert(std::vector{sample(1, 1, 0, "GET /", 0, 20), child});
  const json seen = b.get("/api/traces");
  CHECK(seen == json{{"traces",
                      {{{"trace_id", to_hex(trace_number(1))},
                        {"root_service", "web"},
                        {"root_name", "GET /"},
                        {"start_unix_nano", "1700000000000000000"},
                        {"duration_ns", 20'000'000},
                        {"span_count", 2},
                        {"error_count", 1},
                        {"services", {"cart", "web"}}}}},
                     {"total", 1},
                     {"dropped_traces", 0}});
}

TEST_CASE("api: a trace has the documented shape") {
  bench b;
  span item = sample(1, 2, 1, "GET", 1, 9, "cart");
  item.kind = span_kind::client;
  item.status = span_status::error;
  item.status_message = "refused";
  item.trace_state = "a=b";
  item.flags = 0x301;
  item.attributes = {{"sidespan.parent.confidence", {0.998}}, {"http.response.status_code", {std::int64_t{503}}}};
  item.events = {{"retry", epoch + 2 * ms, {}}};
  item.links = {{trace_number(7), span_number(8), {{"sidespan.link.type", {std::string("candidate_parent")}}}}};
  b.writer.insert(std::vector{item, sample(1, 1, 0, "GET /", 0, 20)});
  const json seen = b.get("/api/traces/" + to_hex(trace_number(1)));
  CHECK(seen["trace_id"] == to_hex(trace_number(1)));
  REQUIRE(seen["spans"].size() == 2);
  CHECK(seen["spans"][0]["parent_span_id"] == "");
  CHECK(seen["spans"][0]["kind"] == "SERVER");
  CHECK(seen["spans"][0]["status"] == "unset");
  CHECK(
      seen["spans"][1] ==
      json{{"span_id", to_hex(span_number(2))},
           {"parent_span_id", to_hex(span_number(1))},
           {"name", "GET"},
           {"kind", "CLIENT"},
           {"service", "cart"},
           {"start_unix_nano", "1700000000001000000"},
           {"end_unix_nano", "1700000000009000000"},
           {"status", "error"},
           {"status_message", "refused"},
           {"trace_state", "a=b"},
           {"flags", 0x301},
           {"attributes", {{"sidespan.parent.confidence", 0.998}, {"http.response.status_code", 503}}},
           {"resource", {{"service.name", "cart"}}},
           {"scope", "sidespan"},
           {"events", {{{"name", "retry"}, {"time_unix_nano", "1700000000002000000"}, {"attributes", json::object()}}}},
           {"links",
            {{{"trace_id", to_hex(trace_number(7))},
              {"span_id", to_hex(span_number(8))},
              {"attributes", {{"sidespan.link.type", "candidate_parent"}}}}}}});
}

TEST_CASE("api: services and stats have the documented shape") {
  bench b;
  b.writer.insert(std::vector{sample(1, 1, 0, "GET /"), sample(2, 1, 0, "GET /")});
  CHECK(b.get("/api/services") == json::parse(R"({"services":[{"name":"web","spans":2}]})"));
  b.answers.report_queue_drops(3);
  const json stats = b.get("/api/stats");
  CHECK(stats["spans"] == 2);
  CHECK(stats["traces"] == 2);
  CHECK(stats["bytes"] > 0);
  CHECK(stats["dropped_spans"] == 3);
  CHECK(stats["dropped_traces"] == 0);
  CHECK_FALSE(stats.contains("problem"));
  b.answers.report_problem("disk full");
  CHECK(b.get("/api/stats")["problem"] == "disk full");
}

TEST_CASE("api: filters are read from the query") {
  bench b;
  b.writer.insert(std::vector{sample(1, 1, 0, "GET /", 0, 20), sample(2, 1, 0, "GET /b", 1, 3, "other")});
  CHECK(b.get("/api/traces?service=other")["total"] == 1);
  CHECK(b.get("/api/traces?min_ms=19.5")["total"] == 1);
  CHECK(b.get("/api/traces?max_ms=2")["total"] == 1);
  CHECK(b.get("/api/traces?min_ms=2&max_ms=20")["total"] == 2);
  CHECK(b.get("/api/traces?status=error")["total"] == 0);
  CHECK(b.get("/api/traces?status=ok")["total"] == 2);
  CHECK(b.get("/api/traces?q=%2Fb")["total"] == 1);
  CHECK(b.get("/api/traces?service=&status=&min_ms=&max_ms=&q=&limit=")["total"] == 2);
  CHECK(b.get("/api/traces?limit=1")["traces"].size() == 1);
}

TEST_CASE("api: a bad parameter is a 400 that names it") {
  bench b;
  const auto [target, word] = GENERATE(table<std::string, std::string>({
      {"min_ms=abc", "min_ms"},
      {"max_ms=-1", "max_ms"},
      {"min_ms=nan", "min_ms"},
      {"min_ms=1e999", "min_ms"},
      {"max_ms=5x", "max_ms"},
      {"limit=0", "limit"},
      {"limit=1.5", "limit"},
      {"status=bad", "status"},
      {"q=" + std::string(513, 'x'), "q"},
  }));
  const wire::page_response response = b.ask("/api/traces?" + target);
  CHECK(response.status == 400);
  CHECK_THAT(json::parse(response.body)["error"].get<std::string>(), Catch::StartsWith(word));
}

TEST_CASE("api: unknown traces and pages are 404, other methods 405") {
  bench b;
  CHECK(b.ask("/api/traces/" + to_hex(trace_number(5))).status == 404);
  CHECK(b.ask("/api/traces/xyz").status == 404);
  CHECK(b.ask("/api/other").status == 404);
  CHECK(json::parse(b.ask("/api/other").body).contains("error"));
  CHECK(b.ask("/api/traces", "POST").status == 405);
}

TEST_CASE("api: hostile names come out as valid JSON") {
  bench b;
  span item = sample(1, 1, 0, "<img src=x onerror=alert(1)>\"\\\xff\x01", 0, 20, "</script>\xc3");
  item.attributes = {{"\xff</td>", {std::string("\xf0\x9f")}}};
  item.scope = "\xfe";
  item.trace_state = "\xfd";
  b.writer.insert(std::vector{item});
  CHECK(b.get("/api/traces")["traces"][0]["root_name"] == "<img src=x onerror=alert(1)>\"\\\xEF\xBF\xBD\x01");
  CHECK(b.get("/api/traces/" + to_hex(trace_number(1)))["spans"].size() == 1);
  CHECK(b.get("/api/services")["services"].size() == 1);
}

TEST_CASE("api: times at the ends of their range do no harm") {
  bench b;
  span item = sample(1, 1, 0, "never");
  item.start_unix_nano = 0;
  item.end_unix_nano = std::numeric_limits<std::uint64_t>::max();
  span backwards = sample(2, 1, 0, "backwards", 10, 5);
  b.writer.insert(std::vector{item, backwards});
  const json seen = b.get("/api/traces");
  CHECK(seen["traces"][0]["duration_ns"] == 0);
  CHECK(seen["traces"][1]["duration_ns"] == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("api: a huge trace is served up to a limit and says how large it is") {
  bench b;
  std::vector<span> batch;
  for (unsigned i = 1; i <= max_served_spans + 10; ++i) batch.push_back(sample(1, i, i - 1, "s"));
  const auto shared = service("web");
  for (span& item : batch) item.resource = shared;
  b.writer.insert(batch);
  const json seen = b.get("/api/traces/" + to_hex(trace_number(1)));
  CHECK(seen["spans"].size() == max_served_spans);
  CHECK(seen["spans_total"] == max_served_spans + 10);
}

}  // namespace sidespan::viewer::test

// SPDX-License-Identifier: Apache-2.0

#include "viewer/query.hpp"

#include <catch2/catch.hpp>

#include "unit/viewer/sample.hpp"
#include "viewer/store.hpp"

namespace sidespan::viewer::test {
namespace {

struct bench {
  fake_clock clock;
  database data{""};
  store writer{data, {64 * 1024 * 1024, std::chrono::hours(1)}, clock};
  query reader{data};

  bench() {
    span failed = sample(2, 1, 0, "POST /checkout", 100, 150, "checkout");
    failed.status = span_status::error;
    failed.attributes = {{"error.type", {std::string("50%_off")}}};
    writer.insert(std::vector{sample(1, 1, 0, "GET /", 0, 20), sample(1, 2, 1, "GET /carts/{id}", 1, 9, "cart"), failed,
                              sample(3, 1, 0, "GET /slow", 200, 1200)});
  }

  std::vector<std::string> names(const trace_filter& filter) {
    std::vector<std::string> out;
    for (const trace_summary& item : reader.list(filter).traces) out.push_back(item.root_name);
    return out;
  }
};

using strings = std::vector<std::string>;

trace_filter text(const std::string& wanted) {
  trace_filter filter;
  filter.text = wanted;
  return filter;
}

}  // namespace

TEST_CASE("query: lists newest first, with the total beyond the limit") {
  bench b;
  CHECK(b.names({}) == strings{"GET /slow", "POST /checkout", "GET /"});
  trace_filter two;
  two.limit = 2;
  const trace_list some = b.reader.list(two);
  CHECK(some.traces.size() == 2);
  CHECK(some.total == 3);
}

TEST_CASE("query: filters by any service of the trace, by status and by duration") {
  bench b;
  trace_filter filter;
  SECTION("service") {
    filter.service = "cart";
    CHECK(b.names(filter) == strings{"GET /"});
    filter.service = "car";
    CHECK(b.names(filter).empty());
  }
  SECTION("with errors") {
    filter.has_error = true;
    CHECK(b.names(filter) == strings{"POST /checkout"});
  }
  SECTION("without errors") {
    filter.has_error = false;
    CHECK(b.names(filter) == strings{"GET /slow", "GET /"});
  }
  SECTION("at least") {
    filter.min_ns = 50 * ms;
    CHECK(b.names(filter) == strings{"GET /slow", "POST /checkout"});
  }
  SECTION("at most") {
    filter.max_ns = 50 * ms;
    CHECK(b.names(filter) == strings{"POST /checkout", "GET /"});
  }
  SECTION("all together") {
    filter.service = "checkout";
    filter.has_error = true;
    filter.min_ns = 1;
    filter.text = "checkout";
    CHECK(b.names(filter) == strings{"POST /checkout"});
    filter.min_ns = 51 * ms;
    CHECK(b.names(filter).empty());
  }
}

TEST_CASE("query: text is found in names, services and attributes, without case, and its wildcards are plain letters") {
  bench b;
  CHECK(b.names(text("CARTS/{id}")) == strings{"GET /"});
  CHECK(b.names(text("cart")) == strings{"GET /"});
  CHECK(b.names(text("50%_off")) == strings{"POST /checkout"});
  CHECK(b.names(text("50_o")).empty());
  CHECK(b.names(text("GET%slow")).empty());
  CHECK(b.names(text("' OR 1=1 --")).empty());
}

TEST_CASE("query: a trace id or a whole traceparent finds its trace") {
  bench b;
  const std::string id = to_hex(trace_number(2));
  CHECK(b.names(text(id)) == strings{"POST /checkout"});
  CHECK(b.names(text(" 00-" + id + "-00f067aa0ba902b7-01 ")) == strings{"POST /checkout"});
  CHECK(b.names(text(to_hex(trace_number(9)))).empty());
  CHECK_FALSE(parse_trace_id("").has_value());
  CHECK_FALSE(parse_trace_id(std::string(32, '0')).has_value());
  CHECK_FALSE(parse_trace_id(std::string(32, 'g')).has_value());
  CHECK(parse_trace_id("4BF92F3577B34DA6A3CE929D0E0E4736").has_value());
}

TEST_CASE("query: one trace comes by start, cut by the limit, with the true total") {
  bench b;
  const auto found = b.reader.trace(trace_number(1), 1);
  REQUIRE(found.has_value());
  CHECK(found->total == 2);
  REQUIRE(found->spans.size() == 1);
  CHECK(found->spans[0].name == "GET /");
  CHECK(found->spans[0].span_id == span_number(1));
  CHECK_FALSE(is_set(found->spans[0].parent_span_id));
  CHECK_FALSE(b.reader.trace(trace_number(9), 1).has_value());
}

TEST_CASE("query: services are counted by span") {
  bench b;
  const auto services = b.reader.services();
  REQUIRE(services.size() == 3);
  CHECK(services[0].name == "cart");
  CHECK(services[2].name == "web");
  CHECK(services[2].spans == 2);
}

TEST_CASE("query: a search that takes too long is interrupted, and the next one works") {
  bench b;
  for (unsigned trace = 10; trace < 200; ++trace) {
    b.writer.insert(std::vector{sample(trace, 1, 0, std::string(30'000, 'a'))});
  }
  b.data.limit_time(std::chrono::milliseconds(1));
  bool interrupted = false;
  try {
    for (int i = 0; i < 50; ++i) b.names(text("aaaaaaaaaaaaaaaaaaab"));
  } catch (const database_error& problem) {
    interrupted = problem.interrupted();
  }
  b.data.limit_time(std::chrono::milliseconds(0));
  CHECK(interrupted);
  CHECK(b.names(text("carts")) == strings{"GET /"});
}

}  // namespace sidespan::viewer::test

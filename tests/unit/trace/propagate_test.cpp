// SPDX-License-Identifier: Apache-2.0
#include "trace/propagate.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace sidespan;

namespace {

const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

using lines = std::vector<std::pair<std::string, std::string>>;

http::fields fields_of(const lines& list) {
  http::fields out;
  for (const auto& [name, value] : list) out.add(name, value);
  return out;
}

lines lines_of(const http::fields& list) {
  lines out;
  for (const http::field& line : list) out.emplace_back(line.name, line.value);
  return out;
}

trace::context some_context(std::string state = "") {
  lines source{{"traceparent", parent}};
  auto out = *trace::extract(fields_of(source));
  out.state = std::move(state);
  return out;
}

}  // namespace

TEST_CASE("extract: a context with its state, marked remote") {
  const lines source{{"traceparent", parent}, {"tracestate", "foo=1"}};
  bool present = false;
  const auto context = trace::extract(fields_of(source), &present);
  REQUIRE(context);
  CHECK(present);
  CHECK(context->valid());
  CHECK(context->trace.hex() == "0af7651916cd43dd8448eb211c80319c");
  CHECK(context->span.hex() == "b7ad6b7169203331");
  CHECK(context->sampled());
  CHECK(context->remote);
  CHECK(context->state == "foo=1");
}

TEST_CASE("extract: vectors of specs §1.2 and §1.4 over lines") {
  struct vector {
    const char* rule;
    lines in;
    bool found;
    bool present;
    std::string state;
  };
  const std::string other = "00-1bf7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto row = GENERATE_COPY(values<vector>({
      {"none", {{"Host", "a"}}, false, false, ""},
      {"TC-1 upper case name", {{"TRACEPARENT", parent}, {"TRACESTATE", "foo=1"}}, true, true, "foo=1"},
      {"TC-1 mixed case name", {{"TrAcEpArEnT", parent}, {"TrAcEsTaTe", "foo=1"}}, true, true, "foo=1"},
      {"TC-1 another header", {{"trace-parent", parent}}, false, false, ""},
      {"TC-1 another header", {{"trace.parent", parent}}, false, false, ""},
      {"TC-2 two lines", {{"traceparent", parent}, {"traceparent", other}}, false, true, ""},
      {"TC-2 two equal lines", {{"traceparent", parent}, {"traceparent", parent}}, false, true, ""},
      {"TC-2 two lines, the second bad", {{"traceparent", parent}, {"Traceparent", "x"}}, false, true, ""},
      {"TC-2 two lines, the second empty", {{"traceparent", parent}, {"traceparent", ""}}, false, true, ""},
      {"TC-11 invalid", {{"traceparent", parent + "."}, {"tracestate", "foo=1"}}, false, true, ""},
      {"TC-30 state alone", {{"tracestate", "foo=1"}}, false, false, ""},
      {"TC-31 bad state", {{"traceparent", parent}, {"tracestate", "foo =1"}}, true, true, ""},
      {"TC-31 bad state in a second line",
       {{"traceparent", parent}, {"tracestate", "a=1"}, {"tracestate", "B=1"}},
       true,
       true,
       ""},
      {"TC-32 state before parent",
       {{"tracestate", "foo=1"}, {"traceparent", parent}, {"tracestate", "bar=2"}},
       true,
       true,
       "foo=1,bar=2"},
      {"TC-33 empty state", {{"traceparent", parent}, {"tracestate", ""}}, true, true, ""},
      {"TC-38 duplicate", {{"traceparent", parent}, {"tracestate", "a=1"}, {"tracestate", "a=2"}}, true, true, "a=1"},
  }));
  CAPTURE(row.rule);
  bool present = !row.present;
  const auto context = trace::extract(fields_of(row.in), &present);
  CHECK(context.has_value() == row.found);
  CHECK(present == row.present);
  if (context) CHECK(context->state == row.state);
}

TEST_CASE("extract: works without asking for presence") {
  const lines source{{"Host", "a"}};
  CHECK_FALSE(trace::extract(fields_of(source)));
}

TEST_CASE("inject: replaces every received copy by one lower-case line of each (TC-20, TC-26)") {
  const lines source{{"TraceParent", "old"},   {"Host", "a"},         {"tracestate", "x=1"},
                     {"TRACEPARENT", "older"}, {"TRACESTATE", "y=1"}, {"Accept", "*/*"}};
  http::fields to = fields_of(source);
  base::arena arena;
  trace::inject(some_context("foo=1,bar=2"), to, arena);
  CHECK(lines_of(to) ==
        lines{{"Host", "a"}, {"Accept", "*/*"}, {"traceparent", parent}, {"tracestate", "foo=1,bar=2"}});
  CHECK(to.count(http::field_id::traceparent) == 1);
  CHECK(to.count(http::field_id::tracestate) == 1);
}

TEST_CASE("inject: no state, no line (TC-33), also when one was received") {
  const lines source{{"tracestate", "x=1"}};
  http::fields to = fields_of(source);
  base::arena arena;
  trace::inject(some_context(), to, arena);
  CHECK(lines_of(to) == lines{{"traceparent", parent}});
}

TEST_CASE("inject: the text outlives the context") {
  http::fields to;
  base::arena arena;
  trace::inject(some_context("key=" + std::string(100, 'v')), to, arena);
  CHECK(to.value(http::field_id::tracestate) == "key=" + std::string(100, 'v'));
}

TEST_CASE("inject: an invalid context is never sent") {
  const lines source{{"traceparent", parent}, {"Host", "a"}};
  http::fields to = fields_of(source);
  base::arena arena;
  trace::inject(trace::context{}, to, arena);
  CHECK(lines_of(to) == lines{{"Host", "a"}});
}

TEST_CASE("propagation: baggage is not touched, lines keep their order (BG-1, BG-2, BG-7)") {
  const lines baggage{{"Baggage", "a=1;p, b=%20 "}, {"baggage", "not valid ==,,"}, {"BAGGAGE", "c=3"}};
  lines source = baggage;
  source.insert(source.begin() + 1, {"traceparent", parent});
  http::fields to = fields_of(source);
  REQUIRE(trace::extract(to));
  base::arena arena;
  trace::inject(some_context("foo=1"), to, arena);
  lines expected = baggage;
  expected.emplace_back("traceparent", parent);
  expected.emplace_back("tracestate", "foo=1");
  CHECK(lines_of(to) == expected);
}

TEST_CASE("propagation: what is injected is extracted again") {
  const trace::context sent = some_context("foo=1,bar= 2");
  http::fields to;
  base::arena arena;
  trace::inject(sent, to, arena);
  CHECK(trace::extract(to) == sent);
}

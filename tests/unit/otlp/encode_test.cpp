// SPDX-License-Identifier: Apache-2.0
#include "otlp/encode.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <random>

#include "base/version.hpp"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "otlp/encode_span.hpp"
#include "otlp/identity.hpp"
#include "otlp/resource.hpp"
#include "unit/otlp/records.hpp"

namespace sidespan::otlp {
namespace {

namespace pb = opentelemetry::proto;
using request = pb::collector::trace::v1::ExportTraceServiceRequest;
using test::record_of;
using trace::key;

std::string encode(const encoder& with, const std::vector<trace::record>& records) {
  const encoder::plan plan = with.measure(records);
  // A guard behind the end: the encoder must fill exactly what it measured.
  std::vector<std::uint8_t> memory(plan.bytes + 16, 0xee);
  with.write(records, plan, memory.data());
  for (std::size_t i = plan.bytes; i < memory.size(); ++i) REQUIRE(memory[i] == 0xee);
  return {reinterpret_cast<const char*>(memory.data()), plan.bytes};
}

request decode(const std::string& bytes) {
  request out;
  REQUIRE(out.ParseFromString(bytes));
  // Nothing unknown and nothing in another form than protobuf's own: the same message has the same size.
  REQUIRE(out.ByteSizeLong() == bytes.size());
  return out;
}

request round_trip(const std::vector<trace::record>& records) {
  return decode(encode(encoder(render_resource({{"service.name", "cart"}})), records));
}

pb::trace::v1::Span only_span(record_of& from) {
  const request out = round_trip({*from});
  REQUIRE(out.resource_spans_size() == 1);
  REQUIRE(out.resource_spans(0).scope_spans_size() == 1);
  REQUIRE(out.resource_spans(0).scope_spans(0).spans_size() == 1);
  return out.resource_spans(0).scope_spans(0).spans(0);
}

const pb::common::v1::AnyValue& value(const pb::trace::v1::Span& span, key wanted) {
  for (const auto& one : span.attributes()) {
    if (one.key() == trace::name(wanted)) return one.value();
  }
  FAIL("no attribute " << trace::name(wanted));
  throw;
}

TEST_CASE("encode: resource, scope and schema stand around the spans (specs 4.3)") {
  const request out = round_trip({*record_of("a"), *record_of("b")});
  REQUIRE(out.resource_spans_size() == 1);
  const auto& of_resource = out.resource_spans(0);
  REQUIRE(of_resource.resource().attributes_size() == 1);
  CHECK(of_resource.resource().attributes(0).key() == "service.name");
  CHECK(of_resource.resource().attributes(0).value().string_value() == "cart");
  CHECK(of_resource.schema_url() == schema_url);
  REQUIRE(of_resource.scope_spans_size() == 1);
  const auto& of_scope = of_resource.scope_spans(0);
  CHECK(of_scope.scope().name() == "sidespan");
  CHECK(of_scope.scope().version() == base::version());
  CHECK(of_scope.schema_url() == schema_url);
  REQUIRE(of_scope.spans_size() == 2);
  CHECK(of_scope.spans(0).name() == "a");
  CHECK(of_scope.spans(1).name() == "b");
}

TEST_CASE("encode: the plain fields of a span") {
  record_of r;
  r->kind = trace::span_kind::client;
  r->trace_state = "a=1,b=2";
  r->parent.bytes = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto span = only_span(r);
  CHECK(span.trace_id() == std::string(reinterpret_cast<const char*>(r->trace.bytes.data()), 16));
  CHECK(span.span_id() == std::string(reinterpret_cast<const char*>(r->span.bytes.data()), 8));
  CHECK(span.parent_span_id() == std::string("\1\2\3\4\5\6\7\10", 8));
  CHECK(span.trace_state() == "a=1,b=2");
  CHECK(span.name() == "GET /carts/{id}");
  CHECK(span.kind() == pb::trace::v1::Span::SPAN_KIND_CLIENT);
  CHECK(span.start_time_unix_nano() == 1700000000123456789ULL);
  CHECK(span.end_time_unix_nano() == 1700000000123458289ULL);
  CHECK_FALSE(span.has_status());
}

TEST_CASE("encode: a root has no parent, a SERVER span its kind, an error its status") {
  record_of r;
  r->status = trace::span_status::error;
  const auto span = only_span(r);
  CHECK(span.parent_span_id().empty());
  CHECK(span.trace_state().empty());
  CHECK(span.kind() == pb::trace::v1::Span::SPAN_KIND_SERVER);
  CHECK(span.status().code() == pb::trace::v1::Status::STATUS_CODE_ERROR);
  CHECK(span.status().message().empty());
}

TEST_CASE("encode: never ends before it starts, never without a name") {
  record_of r("");
  r->duration = base::nanoseconds(-5);
  const auto span = only_span(r);
  CHECK(span.end_time_unix_nano() == span.start_time_unix_nano());
  CHECK(span.name() == "HTTP");
}

TEST_CASE("encode: flags tell the W3C bits and whether the parent is remote (specs 4.3)") {
  struct row {
    std::uint8_t w3c;
    bool remote;
    std::uint32_t wire;
  };
  const auto [w3c, remote, wire] =
      GENERATE(row{3, true, 0x303}, row{3, false, 0x103}, row{1, true, 0x301}, row{0, false, 0x100});
  record_of r;
  r->w3c_flags = w3c;
  r->parent_remote = remote;
  CHECK(only_span(r).flags() == wire);
}

TEST_CASE("encode: attributes of every type") {
  const std::int64_t integer = GENERATE(0, 1, -1, 127, 128, 503, std::numeric_limits<std::int64_t>::max(),
                                        std::numeric_limits<std::int64_t>::min());
  record_of r;
  r.set(key::url_path, "/carts/7").set(key::url_query, "").set(key::http_response_status_code, integer);
  r.set(key::sidespan_parent_confidence, 0.75)
      .set(key::sidespan_connection_reused, true)
      .set(key::sidespan_downstream_closed, false);
  const auto span = only_span(r);
  CHECK(span.attributes_size() == 6);
  CHECK(value(span, key::url_path).string_value() == "/carts/7");
  CHECK(value(span, key::url_query).has_string_value());
  CHECK(value(span, key::url_query).string_value().empty());
  CHECK(value(span, key::http_response_status_code).int_value() == integer);
  CHECK(value(span, key::sidespan_parent_confidence).double_value() == 0.75);
  CHECK(value(span, key::sidespan_connection_reused).bool_value());
  CHECK(value(span, key::sidespan_downstream_closed).has_bool_value());
  CHECK_FALSE(value(span, key::sidespan_downstream_closed).bool_value());
}

TEST_CASE("encode: every key there is goes out under its name") {
  record_of r;
  for (int i = 0; i < static_cast<int>(key::count_); ++i) r.set(static_cast<key>(i), std::int64_t{i});
  const auto span = only_span(r);
  REQUIRE(span.attributes_size() == static_cast<int>(key::count_));
  for (int i = 0; i < static_cast<int>(key::count_); ++i) CHECK(value(span, static_cast<key>(i)).int_value() == i);
}

TEST_CASE("encode: links to candidate parents say what they are and how sure") {
  record_of r;
  trace::link link;
  link.trace.bytes.fill(0x11);
  link.span.bytes.fill(0x22);
  link.flags = 3;
  link.confidence = 0.25;
  r->links = {link, link};
  const auto span = only_span(r);
  REQUIRE(span.links_size() == 2);
  CHECK(span.links(0).trace_id() == std::string(16, '\x11'));
  CHECK(span.links(0).span_id() == std::string(8, '\x22'));
  CHECK(span.links(0).flags() == 0x103);
  REQUIRE(span.links(1).attributes_size() == 2);
  CHECK(span.links(1).attributes(0).key() == "sidespan.link.type");
  CHECK(span.links(1).attributes(0).value().string_value() == "candidate_parent");
  CHECK(span.links(1).attributes(1).key() == "sidespan.parent.confidence");
  CHECK(span.links(1).attributes(1).value().double_value() == 0.25);
}

TEST_CASE("encode: events keep their time and name") {
  record_of r;
  r->events = {{17, "switched"}, {18, "ended"}};
  const auto span = only_span(r);
  REQUIRE(span.events_size() == 2);
  CHECK(span.events(0).time_unix_nano() == 17);
  CHECK(span.events(0).name() == "switched");
  CHECK(span.events(1).time_unix_nano() == 18);
}

TEST_CASE("encode: sizes are right on both sides of each length of a length") {
  const std::size_t size = GENERATE(1, 100, 126, 127, 128, 129, 4096, 16383, 16384, 16385, 300000);
  record_of r;
  r.set(key::url_full, std::string(size, 'x'));
  CHECK(value(only_span(r), key::url_full).string_value().size() == size);
}

TEST_CASE("encode: any mixture of records reads back with protobuf's own size") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<trace::record> records;
    for (unsigned n = random() % 5 + 1; n > 0; --n) {
      record_of r(std::string(random() % 200, 'n'));
      if (random() % 2 != 0) r->parent.bytes.fill(1);
      if (random() % 2 != 0) r->trace_state = std::string(random() % 300, 's');
      if (random() % 3 == 0) r->status = trace::span_status::error;
      for (unsigned a = random() % 20; a > 0; --a) {
        r.set(static_cast<key>(a), std::string(random() % 180, 'v'));
      }
      r->links.resize(random() % 3);
      for (auto& link : r->links) link.confidence = 0.5;
      r->events.resize(random() % 3, {5, "e"});
      records.push_back(*r);
    }
    const request out = round_trip(records);
    REQUIRE(out.resource_spans(0).scope_spans(0).spans_size() == static_cast<int>(records.size()));
  }
}

TEST_CASE("encode: no records, no request (OT-6)") {
  const encoder subject(render_resource({}));
  CHECK(subject.measure({}).bytes == 0);
}

TEST_CASE("encode: as many spans as fit under the cap, never one byte more (OT-8)") {
  const std::vector<trace::record> records(20, *record_of().set(key::url_full, std::string(1000, 'x')));
  const std::string resource = render_resource({{"service.name", "cart"}});
  for (const std::size_t cap : {2500, 5000, 10001, 10002, 10003, 15000}) {
    const encoder subject(resource, cap);
    const encoder::plan plan = subject.measure(records);
    const std::size_t spans = plan.span_sizes.size();
    CHECK(plan.bytes <= cap);
    CHECK(plan.bytes + 1100 > cap);  // one more would not have fitted
    CHECK(plan.oversized == 0);
    const request out = decode(encode(subject, records));
    CHECK(out.resource_spans(0).scope_spans(0).spans_size() == static_cast<int>(spans));
  }
}

TEST_CASE("encode: a span too large for any request is left out and counted, its neighbours are not") {
  std::vector<trace::record> records(3, *record_of("small"));
  records[1] = *record_of("large").set(key::url_full, std::string(3000, 'x'));
  const encoder subject(render_resource({}), 2000);
  const encoder::plan plan = subject.measure(records);
  CHECK(plan.span_sizes.size() == 3);
  CHECK(plan.oversized == 1);
  const request out = decode(encode(subject, records));
  const auto& spans = out.resource_spans(0).scope_spans(0).spans();
  REQUIRE(spans.size() == 2);
  CHECK(spans[0].name() == "small");
  CHECK(spans[1].name() == "small");
}

TEST_CASE("encode: nothing but oversized spans is nothing to send") {
  const std::vector<trace::record> records(2, *record_of().set(key::url_full, std::string(3000, 'x')));
  const encoder::plan plan = encoder(render_resource({}), 2000).measure(records);
  CHECK(plan.bytes == 0);
  CHECK(plan.oversized == 2);
  CHECK(plan.span_sizes.size() == 2);
}

}  // namespace
}  // namespace sidespan::otlp

// SPDX-License-Identifier: Apache-2.0
#include "otlp/envelope.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <random>

#include "base/protobuf.hpp"
#include "base/version.hpp"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "otlp/identity.hpp"
#include "otlp/resource.hpp"
#include "unit/otlp/records.hpp"

namespace sidespan::otlp {
namespace {

namespace pb = opentelemetry::proto;
using request = pb::collector::trace::v1::ExportTraceServiceRequest;
using test::record_of;
using trace::key;

std::string encode(const envelope& with, const std::vector<record_of>& records) {
  const collect::parcel spans = test::parcel_of(records);
  std::string out = with.front(spans.bytes);
  for (const collect::piece& piece : spans.pieces) out += piece.bytes();
  return out + with.back();
}

request decode(const std::string& bytes) {
  request out;
  REQUIRE(out.ParseFromString(bytes));
  // Nothing unknown and nothing in another form than protobuf's own: the same message has the same size.
  REQUIRE(out.ByteSizeLong() == bytes.size());
  return out;
}

request round_trip(const std::vector<record_of>& records) {
  return decode(encode(envelope(render_resource({{"service.name", "cart"}})), records));
}

pb::trace::v1::Span only_span(record_of& from) {
  std::vector<record_of> one;
  one.push_back(std::move(from));
  const request out = round_trip(one);
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

TEST_CASE("envelope: resource, scope and schema stand around the spans (specs 4.3)") {
  std::vector<record_of> two;
  two.emplace_back("a");
  two.emplace_back("b");
  const request out = round_trip(two);
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

TEST_CASE("envelope: the plain fields of a span") {
  record_of r;
  r->kind = trace::span_kind::client;
  r->fields.add_trace_state("a=1,b=2");
  r->parent.bytes = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto trace = r->trace;
  const auto id = r->span;
  const auto span = only_span(r);
  CHECK(span.trace_id() == std::string(reinterpret_cast<const char*>(trace.bytes.data()), 16));
  CHECK(span.span_id() == std::string(reinterpret_cast<const char*>(id.bytes.data()), 8));
  CHECK(span.parent_span_id() == std::string("\1\2\3\4\5\6\7\10", 8));
  CHECK(span.trace_state() == "a=1,b=2");
  CHECK(span.name() == "GET /carts/{id}");
  CHECK(span.kind() == pb::trace::v1::Span::SPAN_KIND_CLIENT);
  CHECK(span.start_time_unix_nano() == 1700000000123456789ULL);
  CHECK(span.end_time_unix_nano() == 1700000000123458289ULL);
  CHECK_FALSE(span.has_status());
}

TEST_CASE("envelope: a root has no parent, a SERVER span its kind, an error its status") {
  record_of r;
  r->status = trace::span_status::error;
  const auto span = only_span(r);
  CHECK(span.parent_span_id().empty());
  CHECK(span.trace_state().empty());
  CHECK(span.kind() == pb::trace::v1::Span::SPAN_KIND_SERVER);
  CHECK(span.status().code() == pb::trace::v1::Status::STATUS_CODE_ERROR);
  CHECK(span.status().message().empty());
}

TEST_CASE("envelope: never ends before it starts, never without a name") {
  record_of r("");
  r->duration = base::nanoseconds(-5);
  const auto span = only_span(r);
  CHECK(span.end_time_unix_nano() == span.start_time_unix_nano());
  CHECK(span.name() == "HTTP");
}

TEST_CASE("envelope: flags tell the W3C bits and whether the parent is remote (specs 4.3)") {
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

TEST_CASE("envelope: attributes of every type") {
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

TEST_CASE("envelope: every key there is goes out under its name") {
  record_of r;
  for (int i = 0; i < static_cast<int>(key::count_); ++i) r.set(static_cast<key>(i), std::int64_t{i});
  const auto span = only_span(r);
  REQUIRE(span.attributes_size() == static_cast<int>(key::count_));
  for (int i = 0; i < static_cast<int>(key::count_); ++i) CHECK(value(span, static_cast<key>(i)).int_value() == i);
}

TEST_CASE("envelope: links to candidate parents say what they are and how sure") {
  record_of r;
  trace::link link;
  link.trace.bytes.fill(0x11);
  link.span.bytes.fill(0x22);
  link.flags = 3;
  link.confidence = 0.25;
  r->fields.add_link(link);
  r->fields.add_link(link);
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

TEST_CASE("envelope: events keep their time and name") {
  record_of r;
  r->fields.add_event(17, "switched");
  r->fields.add_event(18, "ended");
  const auto span = only_span(r);
  REQUIRE(span.events_size() == 2);
  CHECK(span.events(0).time_unix_nano() == 17);
  CHECK(span.events(0).name() == "switched");
  CHECK(span.events(1).time_unix_nano() == 18);
}

TEST_CASE("envelope: sizes are right on both sides of each length of a length") {
  const int size = GENERATE(range(0, 140), 4095, 4096);
  record_of r;
  r.set(key::url_full, std::string(static_cast<std::size_t>(size), 'x'));
  CHECK(value(only_span(r), key::url_full).string_value() == std::string(static_cast<std::size_t>(size), 'x'));
}

TEST_CASE("envelope: any mixture of records reads back with protobuf's own size") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<record_of> records;
    for (unsigned n = random() % 5 + 1; n > 0; --n) {
      record_of& r = records.emplace_back(std::string(random() % 200, 'n'));
      if (random() % 2 != 0) r->parent.bytes.fill(1);
      if (random() % 2 != 0) r->fields.add_trace_state(std::string(random() % 300 + 1, 's'));
      if (random() % 3 == 0) r->status = trace::span_status::error;
      for (unsigned a = random() % 20; a > 0; --a) {
        r.set(static_cast<key>(a), std::string(random() % 180, 'v'));
      }
      trace::link link;
      link.confidence = 0.5;
      for (unsigned l = random() % 3; l > 0; --l) r->fields.add_link(link);
      for (unsigned e = random() % 3; e > 0; --e) r->fields.add_event(5, "e");
    }
    const request out = round_trip(records);
    REQUIRE(out.resource_spans(0).scope_spans(0).spans_size() == static_cast<int>(records.size()));
  }
}

TEST_CASE("envelope: lengths are right for every size of the spans") {
  const envelope subject(render_resource({{"service.name", "cart"}}));
  for (std::size_t spans = 0; spans < 40000; spans += spans < 300 ? 1 : 127) {
    // The enclosing lengths, read as a receiver would.
    const std::string front = subject.front(spans);
    const std::string all = front + std::string(spans, '\0') + subject.back();
    std::string_view rest = all;
    const auto of_resource = base::protobuf::next_field(rest);
    REQUIRE(of_resource);
    REQUIRE(rest.empty());
    std::string_view inner = of_resource->bytes;
    REQUIRE(base::protobuf::next_field(inner)->number == 1);
    const auto of_scope = base::protobuf::next_field(inner);
    REQUIRE(of_scope->number == 2);
    REQUIRE(base::protobuf::next_field(inner)->bytes == schema_url);
    REQUIRE(of_scope->bytes.ends_with(schema_url));
  }
}

}  // namespace
}  // namespace sidespan::otlp

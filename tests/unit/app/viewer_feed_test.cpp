// SPDX-License-Identifier: Apache-2.0
//
// OTLP messages as they may come from anybody → the viewer's model.
#include "app/viewer_feed.hpp"

#include <catch2/catch.hpp>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"

namespace sidespan::app {
namespace {

using request = opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;

opentelemetry::proto::trace::v1::Span& add_span(request& to) {
  auto& span = *to.add_resource_spans()->add_scope_spans()->add_spans();
  span.set_trace_id(std::string(16, '\x11'));
  span.set_span_id(std::string(8, '\x22'));
  return span;
}

}  // namespace

TEST_CASE("viewer feed: every part of a span arrives") {
  request from;
  auto& resource_spans = *from.add_resource_spans();
  auto& name = *resource_spans.mutable_resource()->add_attributes();
  name.set_key("service.name");
  name.mutable_value()->set_string_value("cart");
  auto& scope_spans = *resource_spans.add_scope_spans();
  scope_spans.mutable_scope()->set_name("sidespan");
  auto& span = *scope_spans.add_spans();
  span.set_trace_id(std::string(16, '\x11'));
  span.set_span_id(std::string(8, '\x22'));
  span.set_parent_span_id(std::string(8, '\x33'));
  span.set_name("GET /carts/{id}");
  span.set_kind(opentelemetry::proto::trace::v1::Span::SPAN_KIND_CLIENT);
  span.set_start_time_unix_nano(5);
  span.set_end_time_unix_nano(9);
  span.mutable_status()->set_code(opentelemetry::proto::trace::v1::Status::STATUS_CODE_ERROR);
  span.set_flags(0x101);
  auto& link = *span.add_links();
  link.set_trace_id(std::string(16, '\x44'));
  link.set_span_id(std::string(8, '\x55'));
  span.add_events()->set_name("first byte");

  const auto got = viewer_spans(from);
  REQUIRE(got.size() == 1);
  const viewer::span& one = got.front();
  CHECK(viewer::service_of(one) == "cart");
  CHECK(one.scope == "sidespan");
  CHECK(viewer::to_hex(one.trace_id) == "11111111111111111111111111111111");
  CHECK(viewer::to_hex(one.parent_span_id) == "3333333333333333");
  CHECK(one.name == "GET /carts/{id}");
  CHECK(one.kind == viewer::span_kind::client);
  CHECK(one.status == viewer::span_status::error);
  CHECK((one.start_unix_nano == 5 && one.end_unix_nano == 9 && one.flags == 0x101));
  REQUIRE(one.links.size() == 1);
  CHECK(viewer::to_hex(one.links.front().span_id) == "5555555555555555");
  REQUIRE(one.events.size() == 1);
  CHECK(one.events.front().name == "first byte");
}

TEST_CASE("viewer feed: ids of the wrong length become all zero, which the store refuses and counts") {
  request from;
  add_span(from).set_trace_id("short");
  add_span(from).set_span_id(std::string(9, '\x22'));
  const auto got = viewer_spans(from);
  REQUIRE(got.size() == 2);
  CHECK_FALSE(viewer::is_set(got[0].trace_id));
  CHECK_FALSE(viewer::is_set(got[1].span_id));
}

TEST_CASE("viewer feed: numbers outside an enumeration are unspecified") {
  request from;
  auto& span = add_span(from);
  span.set_kind(static_cast<opentelemetry::proto::trace::v1::Span::SpanKind>(77));
  span.mutable_status()->set_code(static_cast<opentelemetry::proto::trace::v1::Status::StatusCode>(-3));
  const auto got = viewer_spans(from);
  CHECK(got.front().kind == viewer::span_kind::unspecified);
  CHECK(got.front().status == viewer::span_status::unset);
}

TEST_CASE("viewer feed: nesting is cut where nobody can read it any more") {
  request from;
  auto* value = add_span(from).add_attributes()->mutable_value();
  for (int depth = 0; depth < 60; ++depth) value = value->mutable_array_value()->add_values();
  value->set_int_value(1);
  const auto got = viewer_spans(from);
  int depth = 0;
  const viewer::value* at = &got.front().attributes.front().value;
  while (const auto* list = std::get_if<viewer::array>(&at->data)) {
    if (list->empty()) break;
    at = &list->front();
    ++depth;
  }
  CHECK(depth == 16);
}

}  // namespace sidespan::app

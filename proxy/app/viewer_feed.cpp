// SPDX-License-Identifier: Apache-2.0
#include "app/viewer_feed.hpp"

#include <algorithm>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"

namespace sidespan::app {
namespace {

namespace proto = opentelemetry::proto;

constexpr int max_depth = 16;  // of nested arrays and maps; what lies deeper is dropped

viewer::attributes attributes_of(const google::protobuf::RepeatedPtrField<proto::common::v1::KeyValue>& list,
                                 int depth = 0);

viewer::value value_of(const proto::common::v1::AnyValue& in, int depth) {
  viewer::value out;
  switch (in.value_case()) {
    case proto::common::v1::AnyValue::kStringValue:
      out.data = in.string_value();
      break;
    case proto::common::v1::AnyValue::kBoolValue:
      out.data = in.bool_value();
      break;
    case proto::common::v1::AnyValue::kIntValue:
      out.data = static_cast<std::int64_t>(in.int_value());
      break;
    case proto::common::v1::AnyValue::kDoubleValue:
      out.data = in.double_value();
      break;
    case proto::common::v1::AnyValue::kBytesValue:
      out.data = viewer::bytes{in.bytes_value()};
      break;
    case proto::common::v1::AnyValue::kArrayValue: {
      viewer::array items;
      for (const auto& item : in.array_value().values()) {
        if (depth < max_depth) items.push_back(value_of(item, depth + 1));
      }
      out.data = std::move(items);
      break;
    }
    case proto::common::v1::AnyValue::kKvlistValue:
      out.data = attributes_of(in.kvlist_value().values(), depth + 1);
      break;
    default:
      break;
  }
  return out;
}

viewer::attributes attributes_of(const google::protobuf::RepeatedPtrField<proto::common::v1::KeyValue>& list,
                                 int depth) {
  viewer::attributes out;
  if (depth >= max_depth) return out;
  out.reserve(static_cast<std::size_t>(list.size()));
  for (const auto& item : list) out.push_back({item.key(), value_of(item.value(), depth)});
  return out;
}

template <class Id>
bool read_id(const std::string& bytes, Id& out) {
  if (bytes.size() != out.size()) return false;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return true;
}

template <class Enum>
Enum checked(int number, Enum last) {
  return number >= 0 && number <= static_cast<int>(last) ? static_cast<Enum>(number) : Enum{};
}

/// Ids of the wrong length stay all zero; the store counts such spans as dropped.
void read_span(const proto::trace::v1::Span& in, viewer::span& out) {
  read_id(in.trace_id(), out.trace_id);
  read_id(in.span_id(), out.span_id);
  read_id(in.parent_span_id(), out.parent_span_id);
  out.name = in.name();
  out.kind = checked(static_cast<int>(in.kind()), viewer::span_kind::consumer);
  out.start_unix_nano = in.start_time_unix_nano();
  out.end_unix_nano = in.end_time_unix_nano();
  out.status = checked(static_cast<int>(in.status().code()), viewer::span_status::error);
  out.status_message = in.status().message();
  out.trace_state = in.trace_state();
  out.flags = in.flags();
  out.attributes = attributes_of(in.attributes());
  for (const auto& event : in.events())
    out.events.push_back({event.name(), event.time_unix_nano(), attributes_of(event.attributes())});
  for (const auto& link : in.links()) {
    viewer::link target;
    if (!read_id(link.trace_id(), target.trace_id) || !read_id(link.span_id(), target.span_id)) continue;
    target.attributes = attributes_of(link.attributes());
    out.links.push_back(std::move(target));
  }
}

}  // namespace

std::vector<viewer::span> viewer_spans(const proto::collector::trace::v1::ExportTraceServiceRequest& request) {
  std::vector<viewer::span> out;
  for (const auto& resource_spans : request.resource_spans()) {
    auto resource = std::make_shared<viewer::resource>();
    resource->attributes = attributes_of(resource_spans.resource().attributes());
    for (const auto& scope_spans : resource_spans.scope_spans()) {
      for (const auto& span : scope_spans.spans()) {
        viewer::span item;
        read_span(span, item);
        item.resource = resource;
        item.scope = scope_spans.scope().name();
        out.push_back(std::move(item));
      }
    }
  }
  return out;
}

}  // namespace sidespan::app

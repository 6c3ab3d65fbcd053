// SPDX-License-Identifier: Apache-2.0
//
// A record is a finished span: what decides about it as plain data, the rest in the bytes that leave (span_fields).
// Built in place by live_span on a shard, encoded once, when collect's queue takes it; nothing touches it after that.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"
#include "base/protobuf.hpp"
#include "trace/ids.hpp"
#include "trace/key.hpp"
#include "trace/span_fields.hpp"

namespace sidespan::trace {

enum class span_kind : std::uint8_t { server = 2, client = 3 };  // OTLP numbers, specs §4.4
enum class span_status : std::uint8_t { unset = 0, error = 2 };  // Ok is never set (SC-18)

struct link {
  trace_id trace;
  span_id span;
  std::uint8_t flags = 0;   // W3C flags of the linked context
  double confidence = 0.0;  // 0..1 → sidespan.parent.confidence on the link, with sidespan.link.type=candidate_parent
};

struct record {
  trace_id trace;
  span_id span;
  span_id parent;  // all zero: root
  std::uint8_t w3c_flags = 0;
  bool parent_remote = false;
  span_kind kind = span_kind::server;
  span_status status = span_status::unset;
  base::wall_time start;
  base::nanoseconds duration{0};  // below zero, when a clock was at fault, goes out as zero
  /// Name, attributes, trace state, events, links.
  span_fields fields;

  /// As a Span message.
  std::size_t message_size() const noexcept;
  /// As an element of ScopeSpans.spans, with its tag and length.
  static constexpr std::size_t encoded_size(std::size_t message) noexcept {
    return base::protobuf::bytes_size(2, message);
  }
  std::size_t encoded_size() const noexcept { return encoded_size(message_size()); }
  /// Writes encoded_size(message) bytes and returns their end.
  std::uint8_t* encode(std::uint8_t* to, std::size_t message) const noexcept;
};

}  // namespace sidespan::trace

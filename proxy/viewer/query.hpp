// SPDX-License-Identifier: Apache-2.0
//
// Reads traces back from the store's database: lists, one trace, services. Used by api and viewer, on the viewer's
// thread. Every function throws database_error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "viewer/database.hpp"
#include "viewer/model.hpp"

namespace sidespan::viewer {

struct trace_filter {
  std::string service;            // takes part in the trace; empty: any
  std::optional<bool> has_error;  // some span has status error
  std::optional<std::int64_t> min_ns;
  std::optional<std::int64_t> max_ns;
  std::string text;  // in a span name, service, attribute or event; or a trace id, or a whole traceparent
  std::size_t limit = 100;
};

struct trace_summary {
  sidespan::viewer::trace_id trace_id{};
  std::string root_service;
  std::string root_name;
  std::int64_t start_unix_nano = 0;
  std::int64_t duration_ns = 0;
  std::int64_t span_count = 0;
  std::int64_t error_count = 0;
  std::vector<std::string> services;  // by name
};

struct trace_list {
  std::vector<trace_summary> traces;  // newest first
  std::int64_t total = 0;             // that fit the filter
};

/// A span as stored: texts are clean, `detail` and `resource` are JSON objects (see encode.hpp).
struct stored_span {
  sidespan::viewer::span_id span_id{};
  sidespan::viewer::span_id parent_span_id{};
  std::string name, service, scope, resource, detail;
  span_kind kind = span_kind::unspecified;
  span_status status = span_status::unset;
  std::int64_t start_unix_nano = 0;
  std::int64_t end_unix_nano = 0;
  std::uint32_t flags = 0;
};

struct stored_trace {
  std::vector<stored_span> spans;  // by start
  std::int64_t total = 0;          // more than spans.size() when cut by the limit
};

struct service_count {
  std::string name;
  std::int64_t spans = 0;
};

/// The trace id in "4bf9…" or in "00-4bf9…-00f0…-01".
std::optional<trace_id> parse_trace_id(std::string_view text);

class query {
 public:
  explicit query(database& data);

  trace_list list(const trace_filter& filter);
  /// Summaries of these rows of the trace table; rows that are gone are left out.
  std::vector<trace_summary> summaries(std::span<const std::int64_t> rows);
  std::optional<stored_trace> trace(const trace_id& id, std::size_t limit);
  std::vector<service_count> services();

 private:
  std::optional<trace_summary> summary(std::int64_t row);

  database& data_;
  statement trace_, trace_services_, find_trace_, spans_, services_;
};

}  // namespace sidespan::viewer

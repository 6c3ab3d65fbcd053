// SPDX-License-Identifier: Apache-2.0
//
// A record is a finished span as plain data: built in place by live_span on a shard, moved through collect's queue,
// read by the exporter on its own thread. Text of all attributes lives in one string, so a record costs two or three
// allocations. Attribute keys are an enumeration: their names are known when the program is built.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "trace/ids.hpp"

namespace sidespan::trace {

enum class span_kind : std::uint8_t { server = 2, client = 3 };  // OTLP numbers, specs §4.4
enum class span_status : std::uint8_t { unset = 0, error = 2 };  // Ok is never set (SC-18)

/// What sidespan may record; name() gives the OpenTelemetry or `sidespan.*` name.
enum class key : std::uint8_t {
  client_address,
  error_type,
  http_request_body_size,
  http_request_method,
  http_request_method_original,
  http_request_resend_count,
  http_response_body_size,
  http_response_status_code,
  http_route,
  network_peer_address,
  network_peer_port,
  network_protocol_version,
  network_transport,
  server_address,
  server_port,
  url_full,
  url_path,
  url_query,
  url_scheme,
  url_template,
  user_agent_original,
  sidespan_connection_reused,
  sidespan_downstream_closed,  // bool: the caller went away before the end (decision 12)
  sidespan_leg,                // "inbound" | "outbound"
  sidespan_link_type,          // on links: "candidate_parent"
  sidespan_parent_candidates,  // int: how many inbound requests were in flight
  sidespan_parent_confidence,  // double 0..1
  sidespan_parent_method,      // traceparent | header | exclusive | candidates | none
  sidespan_tunnel_bytes_down,  // int: written to the downstream
  sidespan_tunnel_bytes_up,    // int: written to the upstream
  sidespan_tunnel_end,         // who ended it: downstream_closed | upstream_closed | ...
  sidespan_tunnel_kind,        // upgrade | connect | tcp
  sidespan_tunnel_protocol,    // what an upgrade switched to
  count_,
};
std::string_view name(key value) noexcept;

struct attribute {
  enum class type : std::uint8_t { text, integer, real, boolean };
  enum key key;
  enum type type;
  union {
    struct {
      std::uint32_t offset, size;
    } text;  // into record::text
    std::int64_t integer;
    double real;
    bool boolean;
  };
};

struct link {
  trace_id trace;
  span_id span;
  std::uint8_t flags = 0;   // W3C flags of the linked context
  double confidence = 0.0;  // 0..1 → sidespan.parent.confidence on the link, with sidespan.link.type=candidate_parent
};

struct event {
  std::uint64_t wall_ns = 0;
  std::string_view name;  // a literal
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
  base::nanoseconds duration{0};
  std::string trace_state;
  std::uint32_t name_size = 0;  // the name is the first name_size bytes of `text`
  std::string text;
  std::vector<attribute> attributes;
  std::vector<link> links;
  std::vector<event> events;

  std::string_view name() const noexcept { return std::string_view(text).substr(0, name_size); }
  std::string_view text_of(const attribute& a) const noexcept {
    return std::string_view(text).substr(a.text.offset, a.text.size);
  }
  const attribute* find(key wanted) const noexcept;
};

}  // namespace sidespan::trace

// SPDX-License-Identifier: Apache-2.0
//
// What sidespan may record on a span. An enumeration: the names are known when the program is built, and so are the
// bytes that stand for them. Pure, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sidespan::trace {

/// name() gives the OpenTelemetry or `sidespan.*` name.
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
  sidespan_downstream_closed,   // bool: the caller went away before the end (decision 12)
  sidespan_leg,                 // "inbound" | "outbound"
  sidespan_link_type,           // on links: "candidate_parent"
  sidespan_parent_candidates,   // int: how many inbound requests were in flight
  sidespan_parent_confidence,   // double 0..1
  sidespan_parent_method,       // traceparent | header | exclusive | candidates | none
  sidespan_phase_connect,       // int, ns: how long connecting took
  sidespan_phase_first_byte,    // int, ns since the span began: the response head had come
  sidespan_phase_last_byte,     // int, ns since the span began: the rest of the response had come
  sidespan_phase_request_sent,  // int, ns since the span began: the request was written
  sidespan_phase_resolve,       // int, ns: how long looking the name up took
  sidespan_tunnel_bytes_down,   // int: written to the downstream
  sidespan_tunnel_bytes_up,     // int: written to the upstream
  sidespan_tunnel_end,          // who ended it: downstream_closed | upstream_closed | ...
  sidespan_tunnel_kind,         // upgrade | connect | tcp
  sidespan_tunnel_protocol,     // what an upgrade switched to
  sidespan_upstream_endpoint,   // opaque TCP: address and port that were reached, or the path of a unix socket
  count_,
};
std::string_view name(key value) noexcept;

/// How an attribute with this key begins inside its KeyValue: the key, then the tag of the value.
struct key_bytes {
  static constexpr std::size_t room = 48;  // copied whole: shorter than looking how much it is
  std::uint8_t bytes[room];
  std::uint8_t size;
};
extern const std::array<key_bytes, static_cast<std::size_t>(key::count_)> key_table;
inline const key_bytes& encoded(key value) noexcept { return key_table[static_cast<std::size_t>(value)]; }

}  // namespace sidespan::trace

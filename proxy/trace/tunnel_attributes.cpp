// SPDX-License-Identifier: Apache-2.0
#include "trace/tunnel_attributes.hpp"

namespace sidespan::trace {

void describe_tcp(live_span& span, const tcp_facts& facts) {
  if (!span.recording()) return;
  const bool server = span.kind() == span_kind::server;
  span.set_name("tcp", facts.server_name);
  span.set(key::sidespan_leg, server ? "inbound" : "outbound");
  span.set(key::network_transport, "tcp");
  span.set(key::server_address, facts.server_address);
  if (facts.server_port != 0) span.set(key::server_port, facts.server_port);
  if (!server) return;
  span.set(key::client_address, facts.peer_address);
  span.set(key::network_peer_address, facts.peer_address);
  span.set(key::network_peer_port, facts.peer_port);
}

void describe_endpoint(live_span& span, std::string_view name, std::string_view address, std::uint16_t port) {
  if (!span.recording()) return;
  span.set(key::sidespan_upstream_endpoint, name);
  if (span.kind() == span_kind::server) return;  // its peer is the caller
  span.set(key::network_peer_address, address);
  if (port != 0) span.set(key::network_peer_port, port);
}

void describe_opening(live_span& span, base::nanoseconds resolve, base::nanoseconds connect) {
  if (resolve.count() >= 0) span.set(key::sidespan_phase_resolve, resolve.count());
  if (connect.count() >= 0) span.set(key::sidespan_phase_connect, connect.count());
}

void mark_tunnel(live_span& span) { span.add_event("sidespan.tunnel.opened"); }

void describe_tunnel(live_span& span, const tunnel_facts& facts) {
  if (!span.recording()) return;
  span.set(key::sidespan_tunnel_kind, facts.kind);
  span.set(key::sidespan_tunnel_end, facts.end);
  if (!facts.protocol.empty()) span.set(key::sidespan_tunnel_protocol, facts.protocol);
  span.set(key::sidespan_tunnel_bytes_up, facts.bytes_up);
  span.set(key::sidespan_tunnel_bytes_down, facts.bytes_down);
}

}  // namespace sidespan::trace

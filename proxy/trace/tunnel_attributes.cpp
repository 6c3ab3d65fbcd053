// SPDX-License-Identifier: Apache-2.0
#include "trace/tunnel_attributes.hpp"

namespace sidespan::trace {

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

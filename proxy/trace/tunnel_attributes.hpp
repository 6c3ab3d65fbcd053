// SPDX-License-Identifier: Apache-2.0
//
// What a span tells about bytes that are not HTTP: a tunnel behind an upgrade or a CONNECT, an opaque TCP connection.
// The names are documented in docs/operations.md. Pure, used by forward.
#pragma once

#include <cstdint>
#include <string_view>

#include "trace/live_span.hpp"

namespace sidespan::trace {

/// All views.
struct tunnel_facts {
  std::string_view kind;      // upgrade | connect | tcp
  std::string_view end;       // who ended it
  std::string_view protocol;  // what an upgrade switched to; empty: not known
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
};

/// What is known of an opaque TCP connection when it is accepted; all views.
struct tcp_facts {
  std::string_view server_name;  // in the span's name: the cluster; empty inbound
  std::string_view server_address;
  std::uint16_t server_port = 0;  // 0: a unix socket has none
  std::string_view peer_address;  // inbound: who called; outbound: describe_endpoint tells it after connecting
  std::uint16_t peer_port = 0;
};
/// Name and attributes; the kind of the span is the leg.
void describe_tcp(live_span& span, const tcp_facts& facts);
/// Of an opaque TCP connection: the endpoint of the cluster that was reached.
void describe_endpoint(live_span& span, std::string_view name, std::string_view address, std::uint16_t port);
/// CLIENT: how long looking up the name and connecting took; negative: it did not come to that.
void describe_opening(live_span& span, base::nanoseconds resolve, base::nanoseconds connect);
/// An event marks where HTTP ends.
void mark_tunnel(live_span& span);
/// When it is over.
void describe_tunnel(live_span& span, const tunnel_facts& facts);

}  // namespace sidespan::trace

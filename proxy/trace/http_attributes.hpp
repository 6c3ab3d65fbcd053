// SPDX-License-Identifier: Apache-2.0
//
// The stable OpenTelemetry HTTP conventions on a live span: which attribute from which part of a head, status and error
// rules (specs §5.2, §5.3; decision 11), redaction. Pure, used by forward/exchange.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/fault.hpp"
#include "http/head.hpp"
#include "trace/live_span.hpp"
#include "trace/recurring.hpp"
#include "trace/settings.hpp"

namespace sidespan::trace {

/// What the exchange knows when a span starts; all views.
struct request_facts {
  const http::request_head* head = nullptr;
  std::string_view scheme;  // "http" | "https"
  std::string_view host;    // server.address: without port and brackets
  std::uint16_t port = 0;   // server.port; 0: default of the scheme (client), absent (server)
  std::string_view path;    // raw
  std::string_view query;   // raw, without '?'
  bool has_query = false;
  std::string_view route;           // template; may be empty
  bool route_inferred = false;      // learned from paths instead of configured
  std::string_view client_address;  // SERVER: first of X-Forwarded-For when trusted, else the peer
  std::string_view peer_address;    // socket peer; for CLIENT set after connecting by describe_peer
  std::uint16_t peer_port = 0;
};

/// Everything that is known at the start, plus the name.
/// `before`, when not null, is that of the downstream connection.
void describe_server(live_span& span, const request_facts& facts, const settings& settings,
                     recurring* before = nullptr);
void describe_client(live_span& span, const request_facts& facts, const settings& settings,
                     recurring* before = nullptr);
/// CLIENT: the endpoint that was connected to, and whether the connection had served before.
void describe_peer(live_span& span, std::string_view address, std::uint16_t port, bool reused);

/// The status that was received or sent: 5xx is an error on SERVER; 4xx and 5xx on CLIENT, with error.type = code
/// unless describe_fault has named a reason.
void describe_response(live_span& span, span_kind kind, int status);
/// An attempt that failed, or a 5xx that we made ourselves: error.type is the token, also when a status came before (in
/// any order with describe_response). Faults that we answer with a 4xx leave a SERVER span as it is (decision 11).
/// downstream_closed sets no error but sidespan.downstream_closed (decision 12).
void describe_fault(live_span& span, const base::fault& fault);

}  // namespace sidespan::trace

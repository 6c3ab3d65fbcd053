// SPDX-License-Identifier: Apache-2.0
//
// What sidespan changes in a head on its way: hop-by-hop fields, Host, Via, forwarded fields (decision 17; specs §7.2).
// Pure apart from the exchange's arena; a shard's thread.
#pragma once

#include <string_view>

#include "base/arena.hpp"
#include "base/result.hpp"
#include "forward/leg.hpp"
#include "http/head.hpp"

namespace sidespan::forward {

struct request_rewrite {
  const leg& on;
  std::string_view host;          // value of the Host field that is sent
  std::string_view peer_address;  // inbound: what X-Forwarded-For gets
  std::string_view upgrade;       // protocols that the request offers to switch to; empty: none
  bool keep_trailers = false;     // the request or the downstream can carry trailers: TE is re-created
  bool trusted = true;            // inbound: the caller is no stranger
};

/// In place. Faults: proxy_loop_detected (our own pseudonym is in Via), http_request_error (Connection nominates Host
/// or framing fields, H1-26).
base::result<void> rewrite_request(http::request_head& head, const request_rewrite& how, base::arena& arena);

/// In place. Faults: http_protocol_error.
base::result<void> rewrite_response(http::response_head& head, const leg& on, base::arena& arena);

}  // namespace sidespan::forward

// SPDX-License-Identifier: Apache-2.0
//
// What a request offers to switch to, and whether an answer may switch (RFC 9110 §7.8). Used by forward before
// hop-by-hop fields are removed. Pure, any thread.
#pragma once

#include <string_view>

#include "base/arena.hpp"
#include "base/result.hpp"
#include "http/head.hpp"

namespace sidespan::http {

/// The protocols to offer to the upstream as one list; empty when the request offers none that may be forwarded: no
/// `upgrade` in Connection, not HTTP/1.1, a CONNECT, or nothing but h2c, which is never forwarded. Faults
/// (http_request_error): a malformed or overlong list, content in the same request (CN-3).
base::result<std::string_view> read_upgrade(const request_head& head, body_size content, base::arena& arena);

/// What a 426 asks for, as one list (RFC 9110 §15.5.22); empty when it names nothing that may be forwarded.
std::string_view demanded_upgrade(const response_head& head, base::arena& arena);

/// The protocol that a 101 switches to: its Upgrade field names only what was `offered`, and Connection says `upgrade`.
/// Fault: http_upgrade_failed.
base::result<std::string_view> read_switch(const response_head& head, std::string_view offered);

}  // namespace sidespan::http

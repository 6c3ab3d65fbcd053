// SPDX-License-Identifier: Apache-2.0
//
// The request target taken apart (RFC 9112 §3.2) and checked; bytes are never changed. Pure, any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace sidespan::http {

enum class target_form : std::uint8_t { origin, absolute, authority, asterisk };

struct target_parts {
  target_form form = target_form::origin;
  std::string_view scheme;     // absolute-form only
  std::string_view authority;  // absolute- and authority-form only
  std::string_view path;       // "/" when the absolute-form has none; "*" in asterisk-form; empty in authority-form
  std::string_view query;      // without '?'
  bool has_query = false;
  /// Origin-form to send on: path and query byte for byte. For absolute-form a view into the target when it has a path;
  /// else
  /// "/", or "*" for OPTIONS (RFC 9112 §3.2.4). An absolute-form with a query but no path gives "?query": the encoder
  /// writes the missing "/" before it (RFC 9112 §3.2.1).
  std::string_view origin_form;
};

/// Faults: fragment, CTL, space, non-ASCII, userinfo, a form that does not fit the method (RFC 9112 §3.2.1-4) →
/// http_request_error.
base::result<target_parts> parse_target(std::string_view method, std::string_view target);

struct authority_parts {
  std::string_view host;   // IPv6 without brackets
  std::uint16_t port = 0;  // 0 when absent or empty
};

/// uri-host [ ":" port ] (RFC 9110 §7.2). Rejects userinfo, path, blanks, port 0 and over 65535, unbalanced brackets.
/// An empty text is a fault; callers decide what an empty Host means.
base::result<authority_parts> parse_authority(std::string_view text);

}  // namespace sidespan::http

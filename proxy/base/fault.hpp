// SPDX-License-Identifier: Apache-2.0
//
// A fault is why something failed: what happened (code), whose doing it was (side) and how far the exchange
// had come (stage). A plain value that every folder returns through result<T>; any thread. The code's token is
// what goes into `error.type`: the vocabulary of RFC 9209 §2.3, because it is registered and of low cardinality.
#pragma once

#include <cstdint>
#include <string_view>

namespace sidespan::base {

enum class fault_code : std::uint8_t {
  none,
  // The downstream sent something we refuse, or went away.
  http_request_error,
  http_request_denied,
  request_header_section_size,  // 431
  request_uri_too_long,         // 414
  request_body_size,            // 413
  request_timeout,              // 408
  method_not_allowed,           // 405
  expectation_failed,           // 417
  not_implemented,              // 501
  version_not_supported,        // 505
  downstream_closed,            // the caller went away: not an error (decision 12)
  // The upstream failed.
  destination_not_found,
  destination_unavailable,
  destination_ip_unroutable,
  dns_error,
  dns_timeout,
  connection_refused,
  connection_timeout,
  connection_terminated,
  connection_read_timeout,
  connection_write_timeout,
  connection_limit_reached,
  local_ports_used_up,  // to that destination
  http_response_incomplete,
  http_response_timeout,
  http_response_header_section_size,
  http_response_transfer_coding,
  http_protocol_error,
  http_upgrade_failed,
  tls_protocol_error,
  proxy_loop_detected,
  // Ours.
  proxy_internal_error,
  proxy_configuration_error,
  shutting_down,
  // Read or write ended normally where more was asked for: the peer closed between messages.
  end_of_stream,
};

enum class side : std::uint8_t { internal, downstream, upstream };

enum class stage : std::uint8_t {
  accept,
  parse,
  route,
  resolve,
  connect,
  send_head,
  send_body,
  read_head,
  read_body,
  tunnel,
  drain
};

/// Not an aggregate on purpose: a result<T> must not be constructible from a braced list by accident.
class fault {
 public:
  constexpr fault() noexcept = default;
  constexpr fault(fault_code code, side side, stage stage, const char* detail = "") noexcept
      : detail_(detail), code_(code), side_(side), stage_(stage) {}

  constexpr fault_code code() const noexcept { return code_; }
  constexpr enum side side() const noexcept { return side_; }
  constexpr enum stage stage() const noexcept { return stage_; }
  /// What exactly was wrong, in a few words for a human; a string literal, never null, may be empty.
  constexpr std::string_view detail() const noexcept { return detail_; }

  friend constexpr bool operator==(const fault& a, const fault& b) noexcept {
    return a.code_ == b.code_ && a.side_ == b.side_ && a.stage_ == b.stage_;
  }

 private:
  const char* detail_ = "";
  fault_code code_ = fault_code::none;
  enum side side_ = side::internal;
  enum stage stage_ = stage::accept;
};

/// Token for `error.type`, RFC 9209 §2.3 where one fits; never empty.
std::string_view token(fault_code code) noexcept;
std::string_view name(side value) noexcept;
std::string_view name(stage value) noexcept;

}  // namespace sidespan::base

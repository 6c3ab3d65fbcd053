// SPDX-License-Identifier: Apache-2.0
//
// The strict pass: start lines and field lines by the letter of RFC 9112, nothing tolerated (decision 2). It does not
// know whose message it reads; the decoder turns a violation into a fault. Used by the decoders of this folder; pure,
// any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/head.hpp"

namespace sidespan::http1 {

struct violation {
  enum class kind : std::uint8_t { none, syntax, too_large, version, method, incomplete };
  enum kind kind = kind::none;
  const char* detail = "";  // a literal

  explicit operator bool() const noexcept { return kind != kind::none; }
};

inline violation broken(const char* detail) noexcept { return {violation::kind::syntax, detail}; }

/// `line` is without its CRLF. Fills method, target and version; a minor version above 1 is read as 1.1 (RFC 9110
/// §6.2).
violation read_request_line(std::string_view line, http::request_head& out) noexcept;
/// Fills version, status and reason.
violation read_status_line(std::string_view line, http::response_head& out) noexcept;

/// RFC 9112 §5.1: white space between a name and its colon is a fault in a request and removed from a response.
enum class blank_before_colon : std::uint8_t { refused, dropped };

/// Reads field lines and the empty line that ends them, all with CRLF, off the front of `rest`; appends to `out`.
/// `incomplete`: nothing wrong so far, but the empty line has not come.
violation read_field_lines(std::string_view& rest, std::size_t max_count, blank_before_colon blank, http::fields& out);

}  // namespace sidespan::http1

// SPDX-License-Identifier: Apache-2.0
//
// Where a message ends, decided from its checked fields alone (RFC 9112 §6.3, decision 4). Used by the head decoders of
// this folder; pure, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "http/head.hpp"
#include "http1/strict.hpp"

namespace sidespan::http1 {

/// What the fields say about framing, before the kind of message is taken into account.
struct declared_framing {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool close = false;  // a Connection line lists `close`
};

/// Turns a violation in a head into a fault of the side that sent it.
base::fault head_fault(base::side from, const violation& found) noexcept;

/// FR-1 to FR-9. Anything but no framing, one plain Content-Length, or one `Transfer-Encoding: chunked` is a fault.
base::result<declared_framing> read_framing(const http::fields& fields, http::version version, base::side from);

/// H1-3: exactly one valid Host in 1.1, at most one in 1.0. An empty one is accepted only where the target has its own
/// authority or none (absolute-, authority- and asterisk-form).
violation read_host(http::request_head& head);

http::body_size request_body(const declared_framing& declared) noexcept;
http::body_size response_body(const declared_framing& declared, std::string_view request_method, int status) noexcept;

}  // namespace sidespan::http1

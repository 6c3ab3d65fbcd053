// SPDX-License-Identifier: Apache-2.0
//
// Start line and fields of a message, independent of the HTTP version it came in by. Views into the buffers of the
// exchange; valid until it ends. One thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/fields.hpp"
#include "http/target.hpp"

namespace sidespan::http {

enum class version : std::uint8_t { http_1_0, http_1_1, http_2 };

/// `1.0`, `1.1`, `2`: the value of `network.protocol.version` and of Via.
std::string_view name(version value) noexcept;

/// How much content follows a head.
struct body_size {
  enum class kind : std::uint8_t {
    none,         // no content and no framing for it
    known,        // exactly `bytes`, may be 0
    unknown,      // until its own end marker (chunked, END_STREAM)
    until_close,  // upstream HTTP/1.0-style response: ends with the connection
  };
  kind kind = kind::none;
  std::uint64_t bytes = 0;

  bool present() const noexcept { return kind != kind::none && !(kind == kind::known && bytes == 0); }
};

struct request_head {
  std::string_view method;
  /// As received; `target_parts` (http/target.hpp) takes it apart.
  std::string_view target;
  enum version version = version::http_1_1;
  http::fields fields;
  /// The Host field taken apart by whoever read the head; empty when there is none.
  authority_parts host{};

  void clear() noexcept {
    method = target = {};
    host = {};
    version = version::http_1_1;
    fields.clear();
  }
};

struct response_head {
  int status = 0;
  std::string_view reason;
  enum version version = version::http_1_1;
  http::fields fields;

  void clear() noexcept {
    status = 0;
    reason = {};
    version = version::http_1_1;
    fields.clear();
  }
};

/// Responses to HEAD, and 1xx, 204, 304 never have content (RFC 9112 §6.3).
bool response_has_no_content(std::string_view request_method, int status) noexcept;

}  // namespace sidespan::http

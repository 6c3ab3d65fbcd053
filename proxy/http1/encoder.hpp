// SPDX-License-Identifier: Apache-2.0
//
// Messages → HTTP/1.1 bytes. Framing is regenerated, never copied (FR-16): Content-Length and Transfer-Encoding lines
// in the fields are skipped and exactly one is written from the body size. Used by wire; pure, appends to the caller's
// string so that a warm connection does not allocate.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/head.hpp"

namespace sidespan::http1 {

enum class persistence : std::uint8_t { keep, close };  // close adds `Connection: close`

/// `target` is what goes into the request line (origin-form, or asterisk-form).
void encode_request_head(const http::request_head& head, std::string_view target, http::body_size body,
                         persistence persist, std::string& out);

/// RS-1, RS-2, RS-4: no framing with 1xx and 204; HEAD and 304 keep a received Content-Length; body kind `unknown`
/// becomes chunked for a 1.1 client and close-delimited for a 1.0 one. Adds Date when there is none (`date` is an
/// IMF-fixdate). Returns true when the body that follows is to be framed in chunks.
bool encode_response_head(const http::response_head& head, std::string_view request_method, http::version downstream,
                          http::body_size body, persistence persist, std::string_view date, std::string& out);

/// `size-in-hex CRLF`; the data and a CRLF are the caller's to write after it. `size` must not be 0.
void encode_chunk_head(std::uint64_t size, std::string& out);
/// `0 CRLF trailers CRLF`.
void encode_last_chunk(const http::fields* trailers, std::string& out);

}  // namespace sidespan::http1

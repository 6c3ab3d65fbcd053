// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.x bytes → messages, sans-io. A strict pass over the raw head comes first, Beast's basic_parser reads the same
// bytes second, framing is decided from the checked fields by our own code; any disagreement is a fault. The body
// decoder is ours alone. Used by wire/h1_server and wire/h1_client; one object per connection and direction, one
// thread. Heads are views into the caller's buffer, which must stay put until the exchange ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/head.hpp"

namespace sidespan::http1 {

struct head_limits {
  std::size_t head_bytes = 64 * 1024;  // start line and fields together → 431 (414 when the start line alone is over)
  std::size_t target_bytes = 16 * 1024;
  std::size_t field_count = 256;
};

struct decoded_head {
  std::size_t consumed = 0;  // bytes of the head, leading empty lines included; 0: more bytes are needed
  http::body_size body;
  bool keep_alive = false;  // the peer allows another message on this connection (RFC 9112 §9.3)
  bool chunked = false;     // body.kind is unknown and framed by chunks
};

/// `bytes` is all that has arrived since the end of the previous message. `scanned` is the caller's scratch (start with
/// 0 for every message): how far the search for the end of the head has come, so that slow peers do not cost quadratic
/// time. `out` holds a head only when `consumed` is not 0. Faults carry the code that decides the status: specs 400,
/// 414, 431, 501, 505. A start line that cannot become valid is refused before the rest has come.
base::result<decoded_head> decode_request_head(std::string_view bytes, std::size_t& scanned, const head_limits& limits,
                                               http::request_head& out);

/// `request_method` decides whether content may follow. Faults are on the upstream side.
base::result<decoded_head> decode_response_head(std::string_view bytes, std::size_t& scanned, const head_limits& limits,
                                                std::string_view request_method, http::response_head& out);

/// Content of one message, incrementally.
class body_decoder {
 public:
  struct limits {
    std::size_t extension_bytes = 16 * 1024;  // chunk extensions of one message together
    std::size_t trailer_bytes = 16 * 1024;
  };
  struct piece {
    std::string_view data;     // content, a view into the input; may be empty
    std::size_t consumed = 0;  // input bytes done with, data included
    bool end = false;          // the message is complete
  };

  body_decoder() = default;
  // The trailers are views into its own text.
  body_decoder(const body_decoder&) = delete;
  body_decoder& operator=(const body_decoder&) = delete;

  /// `from` tells whose message it is, for faults. `fields` are those of its head: trailers that its Connection
  /// nominates are dropped (H1-24).
  void start(const decoded_head& head, base::side from, const limits& limits, const http::fields* fields = nullptr);

  /// Takes at most one run of content off the front of `bytes`, and the framing before and behind it. Nothing consumed
  /// and no end: more bytes are needed. After a fault every further call gives one (FR-18: no resynchronisation).
  base::result<piece> decode(std::string_view bytes);
  /// The peer closed. Only a body of kind until_close may end so; else http_response_incomplete / downstream_closed.
  base::result<void> finish_at_close() const;

  bool done() const noexcept { return state_ == state::done; }
  /// Allowed trailer fields only (FR-13); valid after the end, until the next start().
  const http::fields& trailers() const noexcept { return trailers_; }
  /// Bytes of content that are still to come when the length is known, else 0.
  std::uint64_t remaining() const noexcept { return state_ == state::fixed ? remaining_ : 0; }
  /// `bytes`, at most remaining(), have come and been dropped.
  void skip(std::uint64_t bytes) noexcept {
    remaining_ -= bytes;
    if (remaining_ == 0) state_ = state::done;
  }

 private:
  enum class state : std::uint8_t {
    done,
    failed,
    fixed,
    until_close,
    chunk_size,
    extension_name_start,
    extension_name,
    extension_value_start,
    extension_token,
    extension_quoted,
    extension_escape,
    extension_quoted_end,
    chunk_size_lf,
    chunk_data,
    chunk_data_cr,
    chunk_data_lf,
    trailers,
  };
  piece take_fixed(std::string_view bytes) noexcept;
  base::result<piece> decode_chunked(std::string_view bytes);
  const char* take_framing(char c) noexcept;
  const char* take_chunk_size(char c) noexcept;
  const char* take_extension(char c) noexcept;
  const char* end_extension_part(char c) noexcept;
  const char* take_trailers(std::string_view bytes, std::size_t& taken);
  bool may_forward(const http::field& trailer) const noexcept;
  base::fault fail(const char* detail) noexcept;

  state state_ = state::done;
  base::side from_ = base::side::downstream;
  std::uint64_t remaining_ = 0;
  unsigned size_digits_ = 0;
  std::size_t extension_bytes_ = 0;
  limits limits_;
  std::string trailer_text_;
  std::string nominated_;  // by Connection, as a list
  http::fields trailers_;
};

}  // namespace sidespan::http1

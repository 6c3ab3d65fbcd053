// SPDX-License-Identifier: Apache-2.0
//
// One request and its response, as seen from either side, whatever the HTTP version (h1 today). forward/ drives these
// two interfaces and nothing below them. All text is views: a request or response head stays valid until the exchange
// ends, a body piece until the next read. One coroutine may read while another writes; a shard's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.hpp"
#include "base/result.hpp"
#include "http/head.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace sidespan::wire {

/// Some content, and whether the message is complete with it.
struct body_piece {
  std::string_view bytes;
  bool last = false;
};

/// A connection that stops being HTTP (RFC 9110 §7.8, §9.3.6): its stream, and what has been received already of what
/// follows the head. Valid as long as the exchange.
struct raw_connection {
  raw_connection() = default;
  explicit raw_connection(net::stream* on, std::string_view read_ahead = {}) : stream(on), unread(read_ahead) {}

  net::stream* stream = nullptr;
  std::string_view unread;
};

/// A request that a downstream sent us, and the way to answer it. Faults of reading are on the downstream side:
/// http_request_error, request_timeout, downstream_closed; of writing: downstream_closed, connection_write_timeout.
class server_exchange {
 public:
  virtual ~server_exchange() = default;

  /// May be changed in place on its way to the upstream.
  virtual http::request_head& request() noexcept = 0;
  virtual http::body_size request_size() const noexcept = 0;
  /// Of a request that could not be read, and so has no method: the first line that came, or what there is of it, byte
  /// for byte. For the log.
  virtual std::string_view first_line() const noexcept = 0;
  /// Text that is added to either head lives here.
  virtual base::arena& arena() noexcept = 0;
  virtual const std::string& peer_address() const noexcept = 0;
  virtual std::uint16_t peer_port() const noexcept = 0;

  /// A piece that needs no waiting; false when read_body() must be awaited.
  virtual base::result<bool> body_at_hand(body_piece& out) = 0;
  virtual net::task<base::result<body_piece>> read_body() = 0;
  virtual const http::fields& request_trailers() const noexcept = 0;

  /// A 1xx other than 101. Silently dropped for HTTP/1.0 (RFC 9110 §15.2).
  virtual net::task<base::result<void>> send_interim(const http::response_head& head) = 0;
  /// The final head; goes out together with the first write.
  virtual void put_head(const http::response_head& head, http::body_size size) = 0;
  /// Writes without waiting. True: done; false: flush() must be awaited before anything else, and `bytes` stay until
  /// then.
  virtual base::result<bool> write_now(std::string_view bytes, bool last, const http::fields* trailers) = 0;
  virtual net::task<base::result<void>> flush() = 0;
  /// Bytes of a final response have been written, or none can be any more; until then put_head() may be called anew.
  virtual bool response_started() const noexcept = 0;
  /// The downstream has reset its connection; a mere FIN is no cancellation (RFC 9112 §9.6). Costs a system call.
  virtual bool peer_reset() const noexcept = 0;
  /// Whether the upstream may send trailers on to this downstream (`TE: trailers`, RFC 9110 §6.5.1).
  virtual bool accepts_trailers() const noexcept = 0;

  /// Asked before put_head() while content is still to come. True: so little of it is left that it is to be read on to
  /// its end although the response goes first, and the connection stays; until stop_reading().
  virtual bool stay_for_content() noexcept = 0;
  /// No further request after this one; to be said before put_head().
  virtual void close_after() noexcept = 0;
  /// Cuts the response so that nobody can take it for complete (RS-6).
  virtual void abort() noexcept = 0;
  /// Ends a waiting read_body() for good; the response may still be written.
  virtual void stop_reading() noexcept = 0;
  /// Wakes a waiting read or write; it ends as a time-out or as downstream_closed, and so does every further one.
  virtual void interrupt(bool as_timeout) noexcept = 0;
  /// After a 101, or a 2xx to CONNECT, has been written: from now on the connection is the caller's, who also closes
  /// it; nothing else may be called.
  virtual raw_connection raw() noexcept = 0;
};

/// A request that we send to an upstream, and its response. Faults are on the upstream side: connection_terminated,
/// connection_read_timeout, connection_write_timeout, http_protocol_error, http_response_*.
class client_exchange {
 public:
  virtual ~client_exchange() = default;

  /// The head goes out together with the first write. `target` is what the request line gets.
  virtual void put_head(const http::request_head& head, std::string_view target, http::body_size size) = 0;
  /// As server_exchange::write_now.
  virtual base::result<bool> write_now(std::string_view bytes, bool last, const http::fields* trailers) = 0;
  virtual net::task<base::result<void>> flush() = 0;

  /// The next response head, interim ones included; afterwards response() is it.
  virtual net::task<base::result<void>> read_head() = 0;
  virtual http::response_head& response() noexcept = 0;
  virtual http::body_size response_size() const noexcept = 0;
  virtual base::result<bool> body_at_hand(body_piece& out) = 0;
  virtual net::task<base::result<body_piece>> read_body() = 0;
  virtual const http::fields& response_trailers() const noexcept = 0;
  /// Behind response() there may be another one: the upstream reads the request to its end (RFC 9112 §9.3).
  virtual bool persistent() const noexcept = 0;

  /// Nothing of a response has been seen: the failed request may be retried if it is idempotent (RT-1).
  virtual bool untouched() const noexcept = 0;
  /// The connection had served another exchange before.
  virtual bool reused() const noexcept = 0;
  virtual const std::string& peer_address() const noexcept = 0;
  virtual std::uint16_t peer_port() const noexcept = 0;
  /// The peer is on this very host: connecting out from an address to the same address.
  virtual bool peer_is_this_host() const noexcept = 0;
  virtual void interrupt(bool as_timeout) noexcept = 0;
  /// After response() is a 101: as server_exchange::raw().
  virtual raw_connection raw() noexcept = 0;
};

}  // namespace sidespan::wire

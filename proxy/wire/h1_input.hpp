// SPDX-License-Identifier: Apache-2.0
//
// The reading half of an HTTP/1.1 connection, common to h1_server and h1_client: the receive buffer that heads are
// views into, and the body decoder. While a message is under way its head stays pinned in the head buffer; body bytes
// that do not fit behind it are read into a block of the shard's pool. A shard's thread.
#pragma once

#include <memory>
#include <string_view>

#include "http1/decoder.hpp"
#include "net/stream.hpp"
#include "wire/buffers.hpp"
#include "wire/exchange.hpp"

namespace sidespan::wire {

class h1_input {
 public:
  h1_input(net::stream& stream, buffer_pool& pool, base::side from);
  ~h1_input();
  h1_input(const h1_input&) = delete;
  h1_input& operator=(const h1_input&) = delete;

  /// Received and not yet consumed.
  std::string_view unread() const noexcept { return unread_; }
  void consume(std::size_t bytes) noexcept { unread_.remove_prefix(bytes); }

  /// Before a head: moves what is left of the previous read to the front and forgets the body block.
  void start_message();
  /// Room for more bytes of a head; what is read there is then told to received(). Views into unread() are void
  /// afterwards. Empty: the shard's buffers are used up, the message must be refused (no_buffers()).
  std::span<char> head_room();
  void received(std::size_t bytes) noexcept;

  /// `fields` are those of the head, before any was removed.
  void start_body(const http1::decoded_head& head, const http::fields& fields);
  bool body_done() const noexcept { return body_.done() && ahead_.empty(); }
  /// Content that has been received already; false: more must be read.
  base::result<bool> body_at_hand(body_piece& out);
  /// `idle`: longest time until some content comes, 0: none.
  net::task<base::result<body_piece>> read_body(std::chrono::milliseconds idle);
  const http::fields& trailers() const noexcept { return body_.trailers(); }

 private:
  // A connection starts small, for most only ever see small messages; one that fills its buffer gets a larger one with
  // its next message, so that a head and a short body come in one read.
  static constexpr std::size_t first_capacity = 2048;
  static constexpr std::size_t kept_capacity = 4096;

  void resize_head(std::size_t size);
  /// The next run of content, empty when there is none (yet).
  base::result<std::string_view> next_run();

  net::stream& stream_;
  buffer_pool& pool_;
  base::side from_;
  std::unique_ptr<char[]> head_;
  std::size_t head_size_ = 0;
  bool outgrown_ = false;
  buffer_pool::block block_;
  std::string_view unread_;
  std::string_view ahead_;  // a run that was decoded together with the one before it
  http1::body_decoder body_;
};

/// What a read that did not give bytes means, by the side that was read from.
base::fault read_fault(base::side from, net::io_end end, base::stage stage) noexcept;
/// The same for a write.
base::fault write_fault(base::side to, net::io_end end, base::stage stage) noexcept;
/// A head that needs more memory than is left for buffers, whoever sent it.
base::fault no_buffers(base::stage stage) noexcept;

}  // namespace sidespan::wire

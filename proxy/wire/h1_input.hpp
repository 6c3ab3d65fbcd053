// SPDX-License-Identifier: Apache-2.0
//
// The reading half of an HTTP/1.1 connection, common to h1_server and h1_client: the block that heads are views into,
// and the body decoder. A connection that waits for a message has no block; what comes is received into one of the
// shard's. While a message is under way its head stays pinned there, and body bytes are received behind it, or into a
// block of their own. A shard's thread.
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
  h1_input(const h1_input&) = delete;
  h1_input& operator=(const h1_input&) = delete;

  /// Received and not yet consumed.
  std::string_view unread() const noexcept { return unread_; }
  void consume(std::size_t bytes) noexcept { unread_.remove_prefix(bytes); }

  /// Before a head, and when the connection is to idle: gives back what holds no unread bytes.
  void start_message() {
    if (!unread_.empty()) return keep_unread();
    head_.release();
    body_.release();
  }
  /// Before read(). Views into unread() are void afterwards. False: the shard's buffers are used up, the message must
  /// be refused (no_buffers()).
  bool make_room() { return !head_ || make_more_room(); }
  /// More bytes of a head; to be awaited at once, what came is then told to received().
  net::reading read(net::error_code& ec) noexcept {
    if (head_) return stream_.read_some(head_.span().subspan(used()), ec);
    // A response is passed on as it comes; a request waits for its response, most of them in a small block.
    return stream_.read_lent(pool_, from_ == base::side::downstream && !outgrown_, head_, ec);
  }
  void received(std::size_t bytes);

  /// Behind a complete head: what of its block is not needed until the next message.
  std::span<char> room_to_lend() const noexcept {
    return head_.size() == buffer_pool::head_block_size ? head_.span().subspan(used()) : std::span<char>();
  }
  /// `fields` are those of the head, before any was removed.
  void start_body(const http1::decoded_head& head, const http::fields& fields);
  bool body_done() const noexcept { return decoder_.done() && ahead_.empty(); }
  /// Bytes of content that are still to be decoded; 0 also when nobody has said how many.
  std::uint64_t announced() const noexcept { return decoder_.remaining(); }
  /// Content that has been received already; false: more must be read.
  base::result<bool> body_at_hand(body_piece& out);
  /// `idle`: longest time until some content comes, 0: none.
  net::task<base::result<body_piece>> read_body(std::chrono::milliseconds idle);
  /// As read_body(), of content that nobody wants: what need not be looked at is not even copied.
  net::task<base::result<void>> drop_body(std::chrono::milliseconds idle);
  const http::fields& trailers() const noexcept { return decoder_.trailers(); }

 private:
  /// Heads of this size are read however little memory is left.
  static constexpr std::size_t always_allowed = 4096;

  std::size_t used() const noexcept { return static_cast<std::size_t>(unread_.data() - head_.data()) + unread_.size(); }
  void keep_unread();
  bool make_more_room();
  /// What is unread, to its front.
  void move_to(buffer_pool::block other) noexcept;
  bool fits_head_block() const noexcept { return unread_.size() < buffer_pool::head_block_size; }
  /// Room for content behind the head; empty: too little.
  std::span<char> room_behind_head() const noexcept;
  net::reading read_content(std::span<char> behind_head, net::error_code& ec) noexcept;
  /// The next run of content, empty when there is none (yet).
  base::result<std::string_view> next_run();

  net::stream& stream_;
  buffer_pool& pool_;
  base::side from_;
  bool outgrown_ = false;    // the message before did not fit a head block
  buffer_pool::block head_;  // the head, and what came with it
  buffer_pool::block body_;
  std::size_t head_end_ = 0;
  std::string_view unread_;
  std::string_view ahead_;  // a run that was decoded together with the one before it
  http1::body_decoder decoder_;
};

/// What a read that did not give bytes means, by the side that was read from.
base::fault read_fault(base::side from, net::io_end end, base::stage stage) noexcept;
/// The same for a write.
base::fault write_fault(base::side to, net::io_end end, base::stage stage) noexcept;
/// A head that needs more memory than is left for buffers, whoever sent it.
base::fault no_buffers(base::stage stage) noexcept;

}  // namespace sidespan::wire

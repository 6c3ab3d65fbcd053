// SPDX-License-Identifier: Apache-2.0
//
// A connected byte stream with a deadline for each direction. Reads wait through Asio's reactor; writes try the socket
// first and wait only when it is full, so an ordinary head or body piece costs one system call and no operation object.
// Used by wire on a shard's thread. A stream is read by at most one coroutine and written by at most one at a time.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/deadlines.hpp"
#include "net/read.hpp"
#include "net/task.hpp"

namespace sidespan::net {

/// How fast a peer must take what is written: in every `window` at least `least` bytes. What its kernel has
/// acknowledged counts, so a slow and steady reader behind a large socket buffer is not taken for one that has stopped.
struct pace {
  std::chrono::milliseconds window{0};  // 0: as slowly as it likes
  std::uint64_t least = 4096;

  pace() = default;
  pace(std::chrono::milliseconds window) : window(window) {}
  pace(std::chrono::milliseconds window, std::uint64_t least) : window(window), least(least) {}
};

/// How an operation ended that did not do what was asked.
enum class io_end : std::uint8_t { closed, reset, timed_out, failed };

/// A connection that a listener took. It has what was set on the listening socket (net/listener).
struct accepted {
  accepted(tcp_socket taken, const tcp_endpoint& from) noexcept : socket(std::move(taken)), peer(from) {}
  tcp_socket socket;
  tcp_endpoint peer;
};

class stream : public detail::recycled {
 public:
  /// Takes the socket over; sets TCP_NODELAY.
  stream(tcp_socket socket, deadlines& wheel);
  stream(accepted from, deadlines& wheel);
  /// A connected unix socket, which `socket` holds as well: what is done with it is the same. `path` is what
  /// peer_address() says; peer() and local() are empty.
  stream(tcp_socket socket, deadlines& wheel, std::string path);
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  /// Reads what is there, at least one byte; to be awaited at once. No coroutine of its own: this is awaited twice per
  /// exchange. `ec` outlives the wait; end_of() tells what it means when no byte came.
  reading read_some(std::span<char> room, error_code& ec) noexcept { return {*reader_, {room}, ec}; }
  /// The same without room of one's own: `into`, empty before, gets a block from `lender` once there is something to
  /// receive, one for a head or a large one. Both outlive the wait.
  reading read_lent(block_pool& lender, bool head, block_pool::block& into, error_code& ec) noexcept {
    return {*reader_, {{}, &lender, &into, head}, ec};
  }
  /// Drops what is there, at least one byte and at most `most`, without looking at it; not on unix sockets.
  reading drop_some(std::size_t most, error_code& ec) noexcept {
    return {*reader_, {std::span<char>(static_cast<char*>(nullptr), most)}, ec};
  }
  /// How a read or wait ended that failed with `ec`; `closed`: the peer sent FIN.
  io_end end_of(const error_code& ec) const noexcept;

  /// Most pieces one write gathers: head, chunk size, data, chunk end.
  static constexpr std::size_t max_pieces = 4;
  using pieces = std::array<std::string_view, max_pieces>;
  /// Writes everything or says why not; nullopt is success. The text must stay until then.
  task<std::optional<io_end>> write(pieces text);
  /// The same without waiting: how much the socket took, from the front; what is left is write()'s.
  /// nullopt when the connection is broken.
  std::optional<std::size_t> try_write(const pieces& text) noexcept;

  /// Drops the first `bytes` of the text; returns how many are left.
  static std::size_t skip(pieces& text, std::size_t bytes) noexcept;

  /// From now on: a read that is under way when it is over ends as timed_out, and whichever begins later; 0: no limit.
  /// Replaces the limit before. Reads and writes have limits of their own: a body may be read while a response is
  /// written.
  void limit(std::chrono::milliseconds after) noexcept {
    deadline_.arm(after);
    if (late_) in_time();
  }
  void no_limit() noexcept { limit(std::chrono::milliseconds(0)); }
  /// What is left of it; 0: none was set, or it is over.
  std::chrono::milliseconds limit_left() const noexcept { return deadline_.left(); }
  /// The same for write(). A peer that stops reading ends the reads that wait for it, too.
  void write_limit(pace least) noexcept {
    write_pace_ = least;
    write_deadline_.arm(least.window);
    write_late_ = false;
  }
  void no_write_limit() noexcept { write_limit(pace()); }

  /// Ends a read that waits now as timed_out, as if its limit had passed; the next limit() makes reading possible
  /// again.
  void stop_waiting() noexcept { on_deadline(this); }
  /// Ends what waits on this stream, as `timed_out` or `failed`; further operations end so at once.
  void interrupt(bool as_timeout) noexcept;

  /// Nobody reads for a while, and what comes meanwhile is noticed.
  void listen() noexcept { reader_->listen(); }
  /// Since listen() nothing has come that the loop has heard of; asks nobody.
  bool undisturbed() const noexcept { return reader_->undisturbed(); }
  /// True when the peer has neither sent anything nor closed: an idle connection that may be used again (RFC 9112
  /// §9.2).
  bool quiet() noexcept;
  /// What was written has been sent; false when that is not known. The peer need not have acknowledged it.
  bool all_sent() noexcept;
  /// The connection is broken (RST); false while it is open or half closed.
  bool peer_reset() const noexcept;
  /// FIN to the peer; reading goes on.
  void shut_write() noexcept;
  void close() noexcept;
  /// Closes with RST, so that the peer cannot take what it got for complete.
  void abort() noexcept;
  bool is_open() const noexcept { return socket_.is_open(); }

  const tcp_endpoint& peer() const noexcept { return peer_; }
  tcp_endpoint local() const noexcept;
  std::string local_address() const;
  /// The peer's IP address as text, made once.
  const std::string& peer_address() const noexcept { return peer_address_; }
  deadlines& wheel() noexcept { return wheel_; }
  tcp_socket& socket() noexcept { return socket_; }

 private:
  static void on_deadline(void* self) noexcept;
  static void on_write_deadline(void* self) noexcept;
  void in_time() noexcept;
  bool write_stopped() const noexcept { return write_late_ || stopped_ != stop::no; }
  std::int64_t taken() const noexcept;

  mutable read_socket socket_;  // native_handle() is not const
  reader::handle reader_;
  deadlines& wheel_;
  tcp_endpoint peer_;
  std::string peer_address_;
  bool late_ = false;        // the limit of a read has passed
  bool write_late_ = false;  // the limit of a write has passed
  enum class stop : std::uint8_t { no, timeout, failure } stopped_ = stop::no;
  pace write_pace_;
  std::int64_t written_ = 0;     // by write() while it waits
  std::int64_t taken_mark_ = 0;  // taken() at the beginning of the window
  deadline deadline_;
  deadline write_deadline_;
};

}  // namespace sidespan::net

// SPDX-License-Identifier: Apache-2.0
//
// How a connected socket is read: one operation of Asio's reactor per stream, used for one read after the other. Used
// by net/stream alone, on the loop's thread. It differs from async_read_some in two things. Linux tells with each read
// whether bytes or the peer's FIN are left (TCP_INQ, tcp(7)), and a write that goes well afterwards tells that no RST
// had come either; then the next read waits for the reactor's edge at once instead of asking the kernel for an EAGAIN
// first. And it can listen while nobody reads, so that an idle connection knows what happened to it without asking.
// docs/adr/021 says why this reaches into asio::detail.
#pragma once

#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <coroutine>
#include <memory>
#include <span>

#include "net/blocks.hpp"
#include "net/task.hpp"

namespace sidespan::net {

/// Neither bytes nor an end have come on a socket; asks the kernel.
bool is_quiet(int fd) noexcept;

/// What TCP_INQ tells can be relied on here. The first call tries it out, for 0.3 s at worst where loopback is not what
/// it should be; so at start, before there is traffic.
bool rest_is_told() noexcept;

/// Asks for it; on a listening socket for what is accepted there. False: it is not told.
bool ask_for_rest(int socket) noexcept;

/// A socket that shows what the reactor keeps for it.
class read_socket : public tcp_socket {
 public:
  /// There is no other descriptor for it: closing ends its registration, which takes no call of its own then.
  explicit read_socket(tcp_socket from) noexcept : tcp_socket(std::move(from)) {
    impl_.get_implementation().state_ &= static_cast<unsigned char>(~asio::detail::socket_ops::possible_dup);
  }
  auto& registration() noexcept { return impl_.get_implementation().reactor_data_; }
};

/// The reading of one stream. One read at a time.
class reader final : asio::detail::reactor_op, public detail::recycled {
 public:
  /// What the reactor still holds outlives its stream.
  struct release {
    void operator()(reader* unused) const noexcept;
  };
  using handle = std::unique_ptr<reader, release>;

  /// `socket` outlives the handle, its registration with the reactor ends right after it.
  explicit reader(read_socket& socket);

  /// Asks for what TCP_INQ tells; without it (a unix socket, a kernel that does not know of FIN) reads try first.
  void ask_for_rest() noexcept;
  /// The listening socket has asked already.
  void expect_rest() noexcept { rest_is_told_ = rest_is_told(); }
  /// All that had come when the last read was done has been read, and no FIN.
  /// The kernel has taken bytes.
  void wrote() noexcept { nothing_came_ = emptied_; }

  /// Nobody reads until start(): what comes is noticed, not taken.
  void listen() noexcept;
  /// Since listen() nothing has come that the loop has heard of: no bytes, no FIN, no RST. An RST that came with the
  /// bytes that were read last was not heard.
  bool undisturbed() const noexcept { return queued_ && !stirred_; }

  /// Where the bytes of a read go to.
  struct target {
    /// At null: nowhere, that many are dropped at most.
    std::span<char> room;
    /// In place of room: `into` gets a block when there is something to receive, and stays empty when reading ends.
    block_pool* lender = nullptr;
    block_pool::block* into = nullptr;
    bool head = false;  // a block for a head will do
  };
  void aim(const target& to) noexcept { to_ = to; }
  /// Nothing can be received there.
  bool aimless() const noexcept { return to_.lender == nullptr && to_.room.empty(); }
  /// Behind aim(). Resumes `waiting` through the loop when bytes are there or reading has ended. When the loop ends
  /// first, `root` is destroyed: the chain of coroutines that would wait for ever.
  void start(std::coroutine_handle<> waiting, std::coroutine_handle<> root) noexcept;
  /// Once resumed: how many bytes, and in `ec` why there are none.
  std::size_t finish(error_code& ec) const noexcept {
    ec = end_;
    return got_;
  }

 private:
  void launch() noexcept;
  void come_back() noexcept;
  status receive() noexcept;
  status received_nothing(int why) noexcept;
  bool borrow() noexcept;
  static status perform(reactor_op* base);
  static void complete(void* owner, asio::detail::operation* base, const error_code&, std::size_t);

  read_socket& socket_;
  asio::detail::reactor& reactor_;
  target to_;
  std::coroutine_handle<> waiting_;  // null: nobody reads
  std::coroutine_handle<> root_;
  error_code end_;
  std::size_t got_ = 0;
  bool received_ = false;  // got_ and end_ are of the read under way
  bool rest_is_told_ = false;
  bool emptied_ = false;        // by the last read, as far as bytes and FIN go
  bool nothing_came_ = false;   // until the last write: no bytes, FIN or RST
  bool reactor_waits_ = false;  // for an edge, whatever may have come before it
  bool queued_ = false;         // with the reactor or on its way back
  bool stirred_ = false;        // something came while nobody read
  bool orphaned_ = false;
};

/// One read; to be awaited at once.
class [[nodiscard]] reading {
 public:
  reading(reader& by, const reader::target& to, error_code& ec) noexcept : by_(by), ec_(ec) { by.aim(to); }

  bool await_ready() const noexcept { return by_.aimless(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    by_.start(waiting, waiting.promise().root);
  }
  std::size_t await_resume() const noexcept { return by_.aimless() ? 0 : by_.finish(ec_); }

 private:
  reader& by_;
  error_code& ec_;
};

}  // namespace sidespan::net

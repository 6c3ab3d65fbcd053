// SPDX-License-Identifier: Apache-2.0
//
// How a connected socket is read: one operation of Asio's reactor per stream, used for one read after the other. Used
// by net/stream alone, on the loop's thread. It differs from async_read_some in three things. A read that does not fill
// its room has emptied the socket unless the reactor's event told of more than bytes (EPOLLRDHUP and others, epoll(7));
// then the next read waits for the next edge at once instead of asking the kernel for an EAGAIN first. It can
// listen while nobody reads, so that an idle connection knows what happened to it without asking. docs/adr/025 says why
// this reaches into asio::detail. And where more has come than there was room for, it reads on at once (docs/adr/027).
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

  /// Nobody reads until start(): what comes is noticed, not taken.
  void listen() noexcept;
  /// Since listen() nothing has come that the loop has heard of: no bytes, no FIN, no RST.
  bool undisturbed() const noexcept { return queued_ && (noticed_ & stirred) == 0; }
  /// Somebody reads, and what has come for that is on its way there: the kernel knows of it no more.
  bool has_received() const noexcept { return waiting_ && received_; }

  /// The time for a read is over: the one that waits ends, and else the next, until in_time(). A read that has received
  /// something waits no more, and would never hear of it again.
  void time_out() noexcept;
  void in_time() noexcept { noticed_ &= static_cast<unsigned char>(~late); }

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
  /// Behind aim(), with no read under way. True: done without waiting, because the read before filled its room and
  /// there was more. Some times in a row: what a connection needs is in the processor's caches, and others have their
  /// turn.
  bool at_once() noexcept;
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
  /// What happened while nobody read, for the next read to look at.
  static constexpr unsigned char stirred = 1;  // something came
  static constexpr unsigned char late = 2;
  static constexpr unsigned char most_at_once = 4;

  bool ended_already() noexcept;
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
  bool filled_ = false;       // its room, the last read did
  bool received_ = false;     // got_ and end_ are of the read under way
  bool seasoned_ = false;     // it has been with the reactor before
  bool fin_is_told_ = false;  // by the reactor's events
  bool queued_ = false;       // with the reactor or on its way back
  unsigned char noticed_ = 0;
  unsigned char in_a_row_ = 0;  // reads done at once
  bool orphaned_ = false;
};

/// One read; to be awaited at once.
class [[nodiscard]] reading {
 public:
  reading(reader& by, const reader::target& to, error_code& ec) noexcept : by_(by), ec_(ec) { by.aim(to); }

  bool await_ready() const noexcept { return by_.aimless() || by_.at_once(); }
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

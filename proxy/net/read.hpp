// SPDX-License-Identifier: Apache-2.0
//
// One read of a connected socket, awaited: an operation of Asio's reactor that lies in the frame of the coroutine that
// waits for it. Used by net/stream alone, on the loop's thread. It differs from async_read_some in what it knows:
// Linux tells with each read whether bytes or the peer's FIN are left (TCP_INQ, tcp(7)), and a write that goes well
// afterwards tells that no RST had come either. Then the next read waits for the reactor's edge at once instead of
// asking the kernel for an EAGAIN first: two system calls less per exchange. docs/adr/021 says why this reaches into
// asio::detail.
#pragma once

#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <coroutine>
#include <span>

#include "net/task.hpp"

namespace sidespan::net {

/// A socket that shows what the reactor keeps for it.
class read_socket : public tcp_socket {
 public:
  explicit read_socket(tcp_socket from) noexcept : tcp_socket(std::move(from)) {}

  /// Asks for what TCP_INQ tells; without it (a unix socket, a kernel that does not know of FIN) reads try first.
  void ask_for_rest() noexcept;
  /// The kernel has taken bytes.
  void wrote() noexcept { nothing_came_ = emptied_; }

 private:
  friend class reading;
  auto& registration() noexcept { return impl_.get_implementation().reactor_data_; }

  asio::detail::reactor* reactor_ = nullptr;
  bool rest_is_told_ = false;
  bool emptied_ = false;        // by the last read, as far as bytes and FIN go
  bool nothing_came_ = false;   // until the last write: no bytes, FIN or RST
  bool reactor_waits_ = false;  // for an edge, whatever may have come before it
};

/// To be awaited at once; gives the number of bytes, and in `ec` why there are none.
class [[nodiscard]] reading : asio::detail::reactor_op {
 public:
  reading(read_socket& from, std::span<char> room, error_code& ec) noexcept
      : reactor_op({}, &reading::perform, &reading::complete), from_(from), room_(room), ec_out_(ec) {}
  reading(const reading&) = delete;
  reading& operator=(const reading&) = delete;

  bool await_ready() const noexcept { return room_.empty(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    waiting_ = waiting;
    root_ = waiting.promise().root;
    start();
  }
  std::size_t await_resume() const noexcept {
    ec_out_ = ec_;
    return bytes_transferred_;
  }

 private:
  void start();
  status receive() noexcept;
  static status perform(reactor_op* base);
  static void complete(void* owner, asio::detail::operation* base, const error_code&, std::size_t);

  read_socket& from_;
  std::span<char> room_;
  error_code& ec_out_;
  std::coroutine_handle<> waiting_;
  std::coroutine_handle<> root_;
};

}  // namespace sidespan::net

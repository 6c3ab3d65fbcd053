// SPDX-License-Identifier: Apache-2.0
#include "net/read.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sidespan::net {
namespace {

enum class rest : std::uint8_t { unknown, none, some };

struct taken {
  ssize_t got = 0;
  rest left = rest::unknown;
};

/// TCP drops with MSG_TRUNC what it would copy else (tcp(7)). Not by the library's function: sanitizers take it for one
/// that writes.
ssize_t receive_or_drop(int fd, msghdr& message, bool drop) noexcept {
  return drop ? ::syscall(SYS_recvmsg, fd, &message, MSG_DONTWAIT | MSG_TRUNC) : ::recvmsg(fd, &message, MSG_DONTWAIT);
}

taken receive_and_ask(int fd, std::span<char> room) noexcept {
  iovec vector{room.data(), room.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> told;
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = told.data();
  message.msg_controllen = told.size();
  taken out;
  out.got = receive_or_drop(fd, message, room.data() == nullptr);
  const cmsghdr* first = CMSG_FIRSTHDR(&message);
  if (out.got <= 0 || first == nullptr || first->cmsg_level != IPPROTO_TCP || first->cmsg_type != TCP_CM_INQ)
    return out;
  int left = 0;
  std::memcpy(&left, CMSG_DATA(first), sizeof left);
  out.left = left == 0 ? rest::none : rest::some;
  return out;
}

bool ask(int fd) noexcept {
  const int on = 1;
  return ::setsockopt(fd, IPPROTO_TCP, TCP_INQ, &on, sizeof on) == 0;
}

/// Loopback answers at once, or something is in between.
bool comes(int fd, short event) noexcept {
  pollfd wanted{fd, event, 0};
  return ::poll(&wanted, 1, 100) == 1;
}

/// A pair of connected sockets; -1 when there is none to be had.
struct trial {
  int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int from = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int to = -1;

  trial() noexcept {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    auto* address = reinterpret_cast<sockaddr*>(&where);
    if (!ask(listening) || ::bind(listening, address, size) != 0 || ::listen(listening, 1) != 0) return;
    if (::getsockname(listening, address, &size) != 0) return;
    if (::connect(from, address, size) != 0 && errno != EINPROGRESS) return;
    if (comes(listening, POLLIN)) to = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  }
  ~trial() {
    for (const int fd : {listening, from, to}) {
      if (fd >= 0) ::close(fd);
    }
  }
  trial(const trial&) = delete;
  trial& operator=(const trial&) = delete;
};

/// Tried on an accepted connection, which has what its listening socket was told. Linux before 5.1, and what only
/// resembles Linux, may say "nothing left" of a connection whose FIN is there; a read that believed it would wait for
/// ever.
bool fin_is_told() noexcept {
  const trial pair;
  if (pair.to < 0) return false;
  std::array<char, 8> room;
  if (::send(pair.from, "x", 1, MSG_NOSIGNAL) != 1 || !comes(pair.to, POLLIN)) return false;
  if (receive_and_ask(pair.to, room).left != rest::none) return false;
  if (::send(pair.from, "x", 1, MSG_NOSIGNAL) != 1 || ::shutdown(pair.from, SHUT_WR) != 0) return false;
  if (!comes(pair.to, POLLRDHUP)) return false;
  return receive_and_ask(pair.to, room).left == rest::some;
}

}  // namespace

bool is_quiet(int fd) noexcept {
  char byte = 0;
  const ssize_t got = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void reader::release::operator()(reader* unused) const noexcept {
  unused->orphaned_ = true;
  if (!unused->queued_) delete unused;
}

reader::reader(read_socket& socket)
    : reactor_op({}, &reader::perform, &reader::complete),
      socket_(socket),
      reactor_(asio::use_service<asio::detail::reactor>(asio::query(socket.get_executor(), asio::execution::context))) {
  cancellation_key_ = this;
}

bool rest_is_told() noexcept {
  static const bool dependable = fin_is_told();
  return dependable;
}

bool ask_for_rest(int socket) noexcept { return rest_is_told() && ask(socket); }

void reader::ask_for_rest() noexcept { rest_is_told_ = net::ask_for_rest(socket_.native_handle()); }

void reader::start(std::coroutine_handle<> waiting, std::coroutine_handle<> root) noexcept {
  waiting_ = waiting;
  root_ = root;
  received_ = false;
  // An RST that came with the last bytes has had its edge, and so has what came while nobody read.
  const bool edge_is_to_come = nothing_came_ && !stirred_;
  stirred_ = false;
  if ((queued_ || reactor_waits_) && !edge_is_to_come && socket_.is_open() && receive() != not_done) return come_back();
  if (!queued_) launch();
}

void reader::listen() noexcept {
  waiting_ = {};
  stirred_ = false;
  if (!queued_) launch();
}

void reader::launch() noexcept {
  ec_ = {};
  queued_ = true;
  reactor_.start_op(asio::detail::reactor::read_op, socket_.native_handle(), socket_.registration(), this, true, true);
}

/// Through the queue, like every read: others have their turn.
void reader::come_back() noexcept {
  if (queued_)
    return reactor_.cancel_ops_by_key(socket_.native_handle(), socket_.registration(), asio::detail::reactor::read_op,
                                      this);
  queued_ = true;
  reactor_.post_immediate_completion(this, true);
}

/// False: there is no memory.
bool reader::borrow() noexcept {
  try {
    to_.head ? to_.lender->lend_for_head(*to_.into) : to_.lender->lend(*to_.into);
  } catch (const std::bad_alloc&) {
    return false;
  }
  to_.room = to_.into->span();
  return true;
}

reader::status reader::receive() noexcept {
  if (to_.lender != nullptr && !borrow()) return received_nothing(ENOMEM);
  const int fd = socket_.native_handle();
  taken read;
  do {
    if (rest_is_told_ || to_.room.data() == nullptr) {
      read = receive_and_ask(fd, to_.room);
    } else {
      read.got = ::recv(fd, to_.room.data(), to_.room.size(), MSG_DONTWAIT);
    }
  } while (read.got < 0 && errno == EINTR);
  if (read.got <= 0) return received_nothing(read.got == 0 ? 0 : errno);
  received_ = true;
  emptied_ = read.left == rest::none;
  nothing_came_ = false;
  got_ = static_cast<std::size_t>(read.got);
  end_ = {};
  return emptied_ ? done_and_exhausted : done;
}

/// `why`: 0 at the peer's FIN.
reader::status reader::received_nothing(int why) noexcept {
  if (to_.lender != nullptr) to_.into->release();
  if (why == EAGAIN || why == EWOULDBLOCK) return not_done;
  received_ = true;
  emptied_ = nothing_came_ = false;
  got_ = 0;
  end_ = why == 0 ? error_code(asio::error::eof) : error_code(why, boost::system::system_category());
  return done;
}

/// The reactor has an edge, or tries before it waits for one.
reader::status reader::perform(reactor_op* base) {
  auto& self = *static_cast<reader*>(base);
  if (!self.waiting_) {
    self.stirred_ = self.stirred_ || !is_quiet(self.socket_.native_handle());
    return not_done;
  }
  const status out = self.receive();
  if (out != not_done) self.reactor_waits_ = out == done_and_exhausted;
  return out;
}

/// `owner` is null when the loop ends before the read does: nobody would ever resume the chain.
void reader::complete(void* owner, asio::detail::operation* base, const error_code&, std::size_t) {
  auto& self = *static_cast<reader*>(base);
  self.queued_ = false;
  const std::coroutine_handle<> next = owner != nullptr ? self.waiting_ : self.root_;
  const bool awaited = bool(self.waiting_);
  if (!self.received_) {
    self.got_ = 0;
    self.end_ = self.ec_ ? self.ec_ : error_code(asio::error::operation_aborted);
  }
  self.waiting_ = {};
  const handle last(self.orphaned_ ? &self : nullptr);  // else it may go with what is resumed
  if (!awaited) return;
  if (owner == nullptr) return next.destroy();
  next.resume();
}

}  // namespace sidespan::net

// SPDX-License-Identifier: Apache-2.0
#include "net/read.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
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

taken receive_and_ask(int fd, std::span<char> room) noexcept {
  iovec vector{room.data(), room.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> told;
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = told.data();
  message.msg_controllen = told.size();
  taken out;
  out.got = ::recvmsg(fd, &message, MSG_DONTWAIT);
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

/// A pair of connected sockets; -1 when there is none to be had.
struct trial {
  int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int from = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int to = -1;

  trial() noexcept {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    auto* address = reinterpret_cast<sockaddr*>(&where);
    if (::bind(listening, address, size) != 0 || ::listen(listening, 1) != 0) return;
    if (::getsockname(listening, address, &size) != 0 || ::connect(from, address, size) != 0) return;
    to = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
  }
  ~trial() {
    for (const int fd : {listening, from, to}) {
      if (fd >= 0) ::close(fd);
    }
  }
  trial(const trial&) = delete;
  trial& operator=(const trial&) = delete;
};

/// Linux before 5.1, and what only resembles Linux, may say "nothing left" of a connection whose FIN is there; a read
/// that believed it would wait for ever.
bool fin_is_told() noexcept {
  const trial pair;
  if (pair.to < 0 || !ask(pair.to)) return false;
  std::array<char, 8> room;
  if (::send(pair.from, "x", 1, MSG_NOSIGNAL) != 1 || receive_and_ask(pair.to, room).left == rest::some) return false;
  if (::send(pair.from, "x", 1, MSG_NOSIGNAL) != 1 || ::shutdown(pair.from, SHUT_WR) != 0) return false;
  pollfd fin{pair.to, POLLRDHUP, 0};
  if (::poll(&fin, 1, 1000) != 1) return false;
  return receive_and_ask(pair.to, room).left == rest::some;
}

}  // namespace

void read_socket::ask_for_rest() noexcept {
  static const bool dependable = fin_is_told();
  rest_is_told_ = dependable && ask(native_handle());
}

void reading::start() {
  if (from_.reactor_ == nullptr) {
    auto& loop = asio::query(from_.get_executor(), asio::execution::context);
    from_.reactor_ = &asio::use_service<asio::detail::reactor>(loop);
  }
  // An RST that came with the last bytes has had its edge. Through the queue all the same: others have their turn.
  if (from_.reactor_waits_ && !from_.nothing_came_ && from_.is_open() && receive() != not_done)
    return from_.reactor_->post_immediate_completion(this, true);
  from_.reactor_->start_op(asio::detail::reactor::read_op, from_.native_handle(), from_.registration(), this, true,
                           true);
}

reading::status reading::receive() noexcept {
  const int fd = from_.native_handle();
  taken read;
  do {
    if (from_.rest_is_told_) {
      read = receive_and_ask(fd, room_);
    } else {
      read.got = ::recv(fd, room_.data(), room_.size(), MSG_DONTWAIT);
    }
  } while (read.got < 0 && errno == EINTR);
  if (read.got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return not_done;
  from_.emptied_ = read.left == rest::none;
  from_.nothing_came_ = false;
  if (read.got > 0) {
    bytes_transferred_ = static_cast<std::size_t>(read.got);
    return from_.emptied_ ? done_and_exhausted : done;
  }
  ec_ = read.got == 0 ? error_code(asio::error::eof) : error_code(errno, boost::system::system_category());
  return done;
}

reading::status reading::perform(reactor_op* base) {
  auto& self = *static_cast<reading*>(base);
  const status out = self.receive();
  if (out != not_done) self.from_.reactor_waits_ = out == done_and_exhausted;
  return out;
}

/// `owner` is null when the loop ends before the read does: nobody would ever resume the chain.
void reading::complete(void* owner, asio::detail::operation* base, const error_code&, std::size_t) {
  auto& self = *static_cast<reading*>(base);
  if (owner == nullptr) return self.root_.destroy();
  self.waiting_.resume();
}

}  // namespace sidespan::net

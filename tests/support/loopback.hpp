// SPDX-License-Identifier: Apache-2.0
//
// An event loop that a unit test turns by hand, and connected loopback sockets: our end is a net::stream, the far end
// plain system calls that never wait. For unit tests of what does I/O; one thread.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "net/deadlines.hpp"
#include "net/spawn.hpp"
#include "net/stream.hpp"

namespace sidespan::support {

/// What a coroutine that was started will have given when it ends.
template <class T>
using outcome = std::shared_ptr<std::optional<T>>;

class event_loop {
 public:
  net::asio::io_context context{1};
  net::deadlines wheel{context};

  template <class T>
  outcome<T> start(net::task<T> work) {
    auto out = std::make_shared<std::optional<T>>();
    net::spawn(context.get_executor(), keep(std::move(work), out), "test");
    settle();
    return out;
  }
  /// Starts and finishes it; throws when it does not end.
  template <class T>
  T finish(net::task<T> work) {
    const outcome<T> out = start(std::move(work));
    until([&out] { return out->has_value(); });
    return std::move(**out);
  }
  /// Runs what can run now.
  void settle() {
    context.restart();
    context.poll();
  }
  /// Hears of what the kernel has to tell, also when nothing waits for it.
  void listen() {
    context.restart();
    const auto guard = net::asio::make_work_guard(context);
    context.poll();
  }
  void run_for(std::chrono::milliseconds length) {
    context.restart();
    const auto guard = net::asio::make_work_guard(context);
    context.run_for(length);
  }
  template <class Condition>
  void until(Condition met) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(15);
    while (!met()) {
      if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("the loop waited in vain");
      run_for(std::chrono::milliseconds(1));
    }
  }

 private:
  template <class T>
  static net::task<void> keep(net::task<T> work, outcome<T> out) {
    T value = co_await std::move(work);
    out->emplace(std::move(value));
  }
};

/// What must not happen while something else happens often enough shows only where the machine lets a test run that
/// often. `attempt` calls its argument when it begins with it and each time it has done its part; it is made again when
/// that was too seldom once.
template <class Attempt>
void while_often_enough(std::chrono::milliseconds longest, Attempt attempt) {
  using clock = std::chrono::steady_clock;
  for (int tries = 0; tries < 200; ++tries) {
    bool often_enough = true;
    auto last = clock::time_point::max();
    attempt([&] {
      const auto now = clock::now();
      if (last != clock::time_point::max() && now - last > longest) often_enough = false;
      last = now;
      return often_enough;
    });
    if (often_enough) return;
  }
  throw std::runtime_error("the machine never let the test run often enough");
}

/// The far end of a connection.
class far_end {
 public:
  explicit far_end(int fd) : fd_(fd) {}
  ~far_end() { close(); }
  far_end(far_end&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  far_end& operator=(far_end&&) = delete;

  void send(std::string_view text) const {
    if (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
      throw std::runtime_error("far end cannot send");
  }
  /// As much as goes without waiting; added to `sent`. False: not all of it.
  bool send_now(std::string_view text, std::size_t& sent) const {
    const ssize_t took = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (took > 0) sent += static_cast<std::size_t>(took);
    return took == static_cast<ssize_t>(text.size());
  }
  /// What has arrived, without waiting.
  std::string receive(std::size_t most = 1 << 20) const {
    std::string out(most, '\0');
    const ssize_t got = ::recv(fd_, out.data(), most, MSG_DONTWAIT);
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
  }
  /// The near end has closed, with a FIN or an RST; what it sent before is dropped.
  bool sees_end() const {
    char byte = 0;
    ssize_t got = 1;
    while (got > 0) got = ::recv(fd_, &byte, 1, MSG_DONTWAIT);
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
  bool sees_reset() const {
    pollfd state{fd_, 0, 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & POLLERR) != 0;
  }
  void send_urgent(char byte) const {
    if (::send(fd_, &byte, 1, MSG_OOB | MSG_NOSIGNAL) != 1) throw std::runtime_error("far end cannot send");
  }
  void shut_write() const { ::shutdown(fd_, SHUT_WR); }
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

struct connection {
  std::unique_ptr<net::stream> near;
  far_end far;
};

/// A listening socket on 127.0.0.1.
class listening {
 public:
  listening() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(where);
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&where), size) != 0 || ::listen(fd_, 16) != 0)
      throw std::runtime_error("cannot listen");
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&where), &size);
    port_ = ntohs(where.sin_port);
  }
  ~listening() { ::close(fd_); }
  listening(const listening&) = delete;
  listening& operator=(const listening&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  far_end accept() const {
    const int fd = ::accept(fd_, nullptr, nullptr);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // what is sent is there
    return far_end(fd);
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

/// Two connected sockets.
inline connection connected(event_loop& loop) {
  const listening at;
  net::tcp_socket socket(loop.context.get_executor());
  socket.connect(net::tcp_endpoint(net::asio::ip::address_v4::loopback(), at.port()));
  far_end far = at.accept();
  return {std::make_unique<net::stream>(std::move(socket), loop.wheel), std::move(far)};
}

}  // namespace sidespan::support

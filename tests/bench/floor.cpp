// SPDX-License-Identifier: Apache-2.0
//
// The floor of the benchmark: what forwarding costs when nothing is read of what is forwarded. One upstream connection
// per downstream one, epoll, recv and send, one thread. `bench_floor <origin port>` prints its own port and runs until
// killed.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return out;
}

void at_once(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct pair_of_sides;

// One connection of a pair; `unsent` is what its peer does not take at the moment.
struct side {
  int socket = -1;
  side* other = nullptr;
  pair_of_sides* owner = nullptr;
  std::string unsent;
};

struct pair_of_sides {
  side down, up;
  bool ending = false;
  bool gone = false;
};

class forwarder {
 public:
  explicit forwarder(int origin_port) : origin_(loopback(origin_port)) {
    const auto any = loopback(0);
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 || listen(listener_, 4096) != 0)
      std::abort();
    epoll_event event{EPOLLIN, {nullptr}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  }

  int port() const {
    sockaddr_in own{};
    socklen_t size = sizeof own;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&own), &size);
    return ntohs(own.sin_port);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int index = 0; index < count; ++index) serve(events[static_cast<std::size_t>(index)]);
      gone_.clear();
    }
  }

 private:
  void serve(const epoll_event& event) {
    auto* from = static_cast<side*>(event.data.ptr);
    if (from == nullptr) return accept_one();
    if (from->owner->gone) return;
    if ((event.events & EPOLLOUT) != 0) flush(*from);
    if (!from->owner->gone && (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) pass_on(*from);
  }

  void accept_one() {
    const int down = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (down < 0) return;
    const int up = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(up, reinterpret_cast<const sockaddr*>(&origin_), sizeof origin_) != 0) {
      close(up);
      close(down);
      return;
    }
    auto* both = new pair_of_sides;
    both->down = {down, &both->up, both, {}};
    both->up = {up, &both->down, both, {}};
    for (auto* one : {&both->down, &both->up}) {
      at_once(one->socket);
      watch(*one, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void watch(side& one, std::uint32_t events, int operation = EPOLL_CTL_MOD) {
    epoll_event event{events, {&one}};
    epoll_ctl(epoll_, operation, one.socket, &event);
  }

  void pass_on(side& from) {
    const auto size = recv(from.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return end(from);
    const std::string_view data(buffer_.data(), static_cast<std::size_t>(size));
    const auto sent = send(from.other->socket, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return drop(*from.owner);
    const auto done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    if (done == data.size()) return;
    from.other->unsent = data.substr(done);
    watch(*from.other, EPOLLIN | EPOLLOUT);
    watch(from, 0);
  }

  void flush(side& to) {
    const auto sent = send(to.socket, to.unsent.data(), to.unsent.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return errno == EAGAIN ? void() : drop(*to.owner);
    to.unsent.erase(0, static_cast<std::size_t>(sent));
    if (!to.unsent.empty()) return;
    if (to.owner->ending) return drop(*to.owner);
    watch(to, EPOLLIN);
    watch(*to.other, EPOLLIN);
  }

  // No half-closed connections: what the other side has not taken yet is sent, then both are closed.
  void end(side& from) {
    from.owner->ending = true;
    if (from.other->unsent.empty()) drop(*from.owner);
  }

  // Freed only after the events in hand, which may name it again.
  void drop(pair_of_sides& both) {
    both.gone = true;
    close(both.down.socket);
    close(both.up.socket);
    gone_.emplace_back(&both);
  }

  sockaddr_in origin_;
  int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int epoll_ = epoll_create1(0);
  std::array<char, 65536> buffer_{};
  std::vector<std::unique_ptr<pair_of_sides>> gone_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  forwarder floor(std::atoi(arguments[1]));
  std::cout << floor.port() << std::endl;
  floor.run();
}

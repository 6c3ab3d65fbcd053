// SPDX-License-Identifier: Apache-2.0
//
// Calls in bursts: one request on each of its connections at once, and the next burst when all are answered; a burst of
// 1 is one call after the other. Ends after a number of bursts or of milliseconds, prints one line of JSON (µs), and
// with `hold` keeps its connections until its stdin ends. Counted calls make it fit for counting instructions.
//
// usage: bench_caller <port> <path> <connections> <bursts> <milliseconds> [hold]
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;

struct call {
  int socket = -1;
  steady::time_point sent;
  std::string answer;
  bool waiting = false;
};

// Bytes of the whole answer once its head is complete; 0 when it has no Content-Length.
std::optional<std::size_t> size_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  constexpr std::string_view name = "\r\ncontent-length:";
  for (std::size_t at = 0; at + name.size() < end; ++at) {
    if (strncasecmp(answer.data() + at, name.data(), name.size()) != 0) continue;
    return end + 4 + std::strtoul(answer.data() + at + name.size(), nullptr, 10);
  }
  return 0;
}

class caller {
 public:
  caller(int port, const std::string& path, std::size_t connections)
      : port_(port),
        calls_(connections),
        request_("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n\r\n") {
    for (auto& one : calls_) open(one);
  }

  void run(long bursts, std::chrono::milliseconds most) {
    const auto end = steady::now() + most;
    for (long burst = 0; burst < bursts && steady::now() < end; ++burst) {
      for (auto& one : calls_) send_one(one);
      await_all();
    }
  }

  void print() {
    std::sort(times_.begin(), times_.end());
    std::cout << "{\"requests\": " << times_.size() << ", \"errors\": " << errors_ << ", \"p50\": " << at(0.5)
              << ", \"p99\": " << at(0.99) << ", \"max\": " << at(1) << "}" << std::endl;
  }

 private:
  double at(double part) const {
    if (times_.empty()) return 0;
    const auto last = times_.size() - 1;
    return times_[static_cast<std::size_t>(part * static_cast<double>(last))];
  }

  void open(call& one) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port_));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    one.socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(one.socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) std::exit(3);
    const int on = 1;
    setsockopt(one.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{EPOLLIN, {&one}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, one.socket, &event);
  }

  void send_one(call& one) {
    one.answer.clear();
    one.sent = steady::now();
    one.waiting = true;
    ++waiting_;
    if (send(one.socket, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size()))
      fail(one);
  }

  // An answer that takes longer than 10 s is an error, and so are all that are still awaited then.
  void await_all() {
    std::array<epoll_event, 64> events{};
    while (waiting_ > 0) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 10000);
      for (int index = 0; index < count; ++index)
        receive(*static_cast<call*>(events[static_cast<std::size_t>(index)].data.ptr));
      if (count > 0) continue;
      for (auto& one : calls_) {
        if (one.waiting) fail(one);
      }
    }
  }

  void receive(call& one) {
    std::array<char, 65536> buffer;
    const auto size = recv(one.socket, buffer.data(), buffer.size(), 0);
    if (size <= 0) return fail(one);
    one.answer.append(buffer.data(), static_cast<std::size_t>(size));
    const auto whole = size_of(one.answer);
    if (!whole || one.answer.size() < *whole) return;
    if (*whole != one.answer.size() || one.answer.compare(0, 12, "HTTP/1.1 200") != 0) return fail(one);
    done(one);
    times_.push_back(std::chrono::duration<double, std::micro>(steady::now() - one.sent).count());
  }

  void done(call& one) {
    if (one.waiting) --waiting_;
    one.waiting = false;
  }

  void fail(call& one) {
    ++errors_;
    done(one);
    close(one.socket);
    open(one);
  }

  int port_;
  int epoll_ = epoll_create1(0);
  std::vector<call> calls_;
  std::string request_;
  std::size_t waiting_ = 0;
  std::size_t errors_ = 0;
  std::vector<double> times_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 6) return 2;
  caller calls(std::atoi(arguments[1]), arguments[2], static_cast<std::size_t>(std::atol(arguments[3])));
  calls.run(std::atol(arguments[4]), std::chrono::milliseconds(std::atol(arguments[5])));
  calls.print();
  if (count > 6) std::cin.get();
}

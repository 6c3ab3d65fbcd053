// SPDX-License-Identifier: Apache-2.0
//
// The traffic that a release build is optimised for (docs/adr/022): run against an instrumented sidespan, which writes
// the profile as it ends. A client, a service that makes calls of its own, and a collector, all on loopback; mostly
// small exchanges on kept-alive connections, and some of everything else that is usual. Takes seconds; gives up after a
// minute.
//
// usage: sidespan_training <program>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "otlp/receiver.hpp"

namespace {

using nlohmann::json;
using std::string;
using std::string_view;
using std::to_string;

[[noreturn]] void fail(const string& what) { throw std::runtime_error(what); }

/// One end of a connection; blocking.
class line {
 public:
  explicit line(int socket) : socket_(socket) {
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  static line to(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    line out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(out.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      fail("cannot connect");
    return out;
  }
  line(line&& from) noexcept : socket_(std::exchange(from.socket_, -1)), bytes_(std::move(from.bytes_)) {}
  ~line() {
    if (socket_ >= 0) ::close(socket_);
  }

  void send(string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) fail("the peer has closed");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// The next whole message; nothing when the peer has closed before one began.
  std::optional<string> receive() {
    while (true) {
      if (const auto size = whole()) {
        string out = bytes_.substr(0, *size);
        bytes_.erase(0, *size);
        return out;
      }
      std::array<char, 65536> piece;
      const auto got = ::recv(socket_, piece.data(), piece.size(), 0);
      if (got <= 0 && !bytes_.empty()) fail("a message was cut off: " + bytes_.substr(0, 200));
      if (got <= 0) return {};
      bytes_.append(piece.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  std::optional<std::size_t> whole() const {
    const auto head = bytes_.find("\r\n\r\n");
    if (head == string::npos) return {};
    const auto end = head + 4;
    if (bytes_.find("chunked\r\n") < head) {
      const auto last = bytes_.find("0\r\n\r\n", end - 2);
      return last == string::npos ? std::nullopt : std::optional(last + 5);
    }
    const auto length = bytes_.find("Content-Length: ");
    const auto content = length < head ? std::strtoul(bytes_.c_str() + length + 16, nullptr, 10) : 0;
    return bytes_.size() < end + content ? std::nullopt : std::optional(end + content);
  }

  int socket_;
  string bytes_;
};

string request(string_view method, string_view target, string_view more = {}, string_view content = {}) {
  string out = string(method) + ' ' + string(target) +
               " HTTP/1.1\r\nHost: shop.example:8080\r\nUser-Agent: training/1.0\r\nAccept: */*\r\n";
  out += more;
  if (!content.empty()) out += "Content-Length: " + to_string(content.size()) + "\r\n";
  return out.append("\r\n").append(content);
}

string chunked(string_view content) {
  string out;
  for (; !content.empty(); content.remove_prefix(std::min<std::size_t>(content.size(), 1000)))
    out.append("3e8\r\n").append(content.substr(0, 1000)).append("\r\n");
  return out + "0\r\n\r\n";
}

/// Answers what the target's first letter asks for.
class service {
 public:
  service() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listening_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listening_, 1024) != 0 ||
        ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      fail("cannot listen on 127.0.0.1");
    port = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept(); });
  }
  ~service() {
    ::shutdown(listening_, SHUT_RDWR);
    accepting_.join();
    ::close(listening_);
  }

  int port = 0;
  std::atomic<int> calls_to{0};  // the sidecar's port for calls of the service

 private:
  void accept() {
    std::vector<std::thread> serving;
    for (int one = 0; (one = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;)
      serving.emplace_back([this, one] { serve(line(one)); });
    for (auto& one : serving) one.join();
  }

  void serve(line client) {
    try {
      std::optional<line> calls;
      while (const auto got = client.receive()) client.send(answer(*got, calls));
    } catch (const std::exception&) {
      // The other end reports what went wrong.
    }
  }

  string answer(string_view got, std::optional<line>& calls) {
    static constexpr string_view head =
        "HTTP/1.1 200 OK\r\nServer: training\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\nContent-Type: text/plain\r\n";
    const auto with_length = [](const string& content) {
      return string(head) + "Content-Length: " + to_string(content.size()) + "\r\n\r\n" + content;
    };
    const string_view target = got.substr(got.find('/') + 1);
    if (target.starts_with("large")) return with_length(string(10240, 'x'));
    if (target.starts_with("chunked"))
      return string(head) + "Transfer-Encoding: chunked\r\n\r\n" + chunked(string(8000, 'x'));
    if (target.starts_with("missing")) return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    if (target.starts_with("calls")) {
      if (!calls) calls.emplace(line::to(calls_to));
      calls->send(request("GET", "/stock/7"));
      if (!calls->receive()) fail("no answer to a call");
    }
    return with_length("ok\n");
  }

  int listening_;
  std::thread accepting_;
};

class sidecar {
 public:
  sidecar(const string& program, int origin, int collector, const char* sampler) {
    const string to = "127.0.0.1:" + to_string(origin);
    const json settings = {
        {"service", "training"},
        {"admin", {{"listen", "127.0.0.1:0"}}},
        {"inbound", {{"127.0.0.1:0", {{"to", to}, {"routes", {"GET /items/{id}", "/{rest*}"}}}}}},
        {"outbound", {{"127.0.0.1:0", {{"to", "http://" + to}}}, {"proxy", "127.0.0.1:0"}}},
        {"log", {{"level", "error"}}},
        {"trace", {{"sampler", sampler}}},
        {"export", {{"otlp", {{"endpoint", "http://127.0.0.1:" + to_string(collector)}}}}},
    };
    std::ofstream(config_) << settings;
    std::array<int, 2> output{};
    if (::pipe(output.data()) != 0) fail("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(output[1], STDOUT_FILENO);
      ::close(output[0]);
      ::close(output[1]);
      ::execl(program.c_str(), program.c_str(), "run", "--config", config_.c_str(), "--print-ports", nullptr);
      ::_exit(127);
    }
    ::close(output[1]);
    string text;
    char one = 0;
    while (::read(output[0], &one, 1) == 1 && one != '\n') text += one;
    ::close(output[0]);
    if (text.empty()) fail(program + " did not start");
    ports_ = json::parse(text);
  }
  ~sidecar() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    std::filesystem::remove(config_);
  }

  int inbound() const { return ports_["inbound"].front(); }
  int outbound() const { return ports_["outbound"].front(); }
  int proxy() const { return ports_["proxy"]; }

  void stop() {
    int status = 0;
    ::kill(pid_, SIGTERM);
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail("sidespan ended with status " + to_string(status));
  }

 private:
  string config_ = std::filesystem::temp_directory_path() / ("sidespan-training-" + to_string(::getpid()) + ".yaml");
  pid_t pid_ = -1;
  json ports_;
};

/// So many times the same request on each of so many connections.
void repeat(int port, int connections, int times, const string& sent) {
  std::vector<line> lines;
  for (int i = 0; i < connections; ++i) lines.push_back(line::to(port));
  for (int i = 0; i < times; ++i) {
    for (auto& one : lines) one.send(sent);
    for (auto& one : lines) {
      if (!one.receive()) fail("no answer to " + sent.substr(0, sent.find('\r')));
    }
  }
}

void traffic(const sidecar& through, int origin) {
  const string parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
  const int in = through.inbound();
  // What is common outweighs the rest by far: only that much of the code is laid out as hot.
  repeat(in, 32, 2000, request("GET", "/items/7"));
  repeat(in, 32, 2000, request("GET", "/items/7", parent));
  repeat(in, 1, 2000, request("GET", "/items/4711?colour=red", parent));
  repeat(in, 4, 500, request("GET", "/calls"));
  repeat(through.outbound(), 8, 200, request("GET", "/stock/7", parent));
  repeat(through.proxy(), 4, 200, request("GET", "http://127.0.0.1:" + to_string(origin) + "/stock/7"));
  repeat(in, 8, 100, request("GET", "/large"));
  repeat(in, 8, 50, request("GET", "/chunked"));
  repeat(in, 8, 50, request("POST", "/orders", {}, string(100000, 'x')));
  repeat(in, 8, 50, request("POST", "/orders", {}, string(300, 'x')));
  repeat(in, 8, 20, request("POST", "/orders", "Transfer-Encoding: chunked\r\n") + chunked(string(8000, 'x')));
  repeat(in, 8, 50, request("GET", "/missing"));
  for (int i = 0; i < 1000; ++i) repeat(in, 1, 1, request("GET", "/items/7", parent));
}

void train(const string& program) {
  const sidespan::otlp::receiver_settings any{.listen = "127.0.0.1:0"};
  const sidespan::otlp::receiver collector(any, [](const auto&) {});
  service origin;
  for (const char* sampler : {"always_on", "always_off"}) {
    sidecar one(program, origin.port, collector.port(), sampler);
    origin.calls_to = one.outbound();
    traffic(one, origin.port);
    one.stop();
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  ::alarm(60);
  try {
    train(arguments[1]);
  } catch (const std::exception& error) {
    std::cerr << "training: " << error.what() << std::endl;
    return 1;
  }
}

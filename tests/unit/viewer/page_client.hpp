// SPDX-License-Identifier: Apache-2.0
//
// Asks a viewer for its pages over a real socket; used by its tests, on their thread.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "viewer/settings.hpp"

namespace sidespan::viewer::test {

/// A blocking client socket; every read gives up after five seconds.
class plain_client {
 public:
  explicit plain_client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{5, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~plain_client() { ::close(socket_); }

  void get(const std::string& target) {
    const std::string text = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    REQUIRE(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  /// Reads until `word` has come, or the end.
  std::string read_until(const std::string& word) {
    char piece[4096];
    while (word.empty() || seen_.find(word) == seen_.npos) {
      const ssize_t size = ::recv(socket_, piece, sizeof piece, 0);
      if (size <= 0) break;
      seen_.append(piece, static_cast<std::size_t>(size));
    }
    return seen_;
  }

 private:
  int socket_;
  std::string seen_;
};

inline nlohmann::json fetch(std::uint16_t port, const std::string& target) {
  plain_client client(port);
  client.get(target);
  const std::string answer = client.read_until("");
  return nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
}

inline settings quick() {
  settings wanted;
  wanted.port = 0;
  wanted.batch_delay = std::chrono::milliseconds(1);
  return wanted;
}

}  // namespace sidespan::viewer::test

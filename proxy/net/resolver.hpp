// SPDX-License-Identifier: Apache-2.0
//
// Names → addresses for one shard, with a small cache. getaddrinfo runs on Asio's resolver thread (it honours
// /etc/hosts, nsswitch and search domains); a name that hangs costs its waiters their connect time-out, never the loop.
// Answers are kept for 10 s, and kept on when a later look-up fails. One thread, the shard's.
#pragma once

#include <boost/asio/ip/basic_resolver.hpp>
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/event.hpp"
#include "net/task.hpp"

namespace sidespan::net {

class resolver {
 public:
  explicit resolver(asio::io_context& loop);

  /// IP literals and fresh cache entries answer without waiting. Faults: dns_error, dns_timeout (stage resolve).
  task<base::result<std::vector<asio::ip::address>>> resolve(std::string host, std::chrono::milliseconds limit);

  /// Fails what waits; for shutdown.
  void stop() noexcept;

 private:
  using addresses = std::vector<asio::ip::address>;
  struct entry {
    addresses found;
    std::chrono::steady_clock::time_point fresh_until{};
    bool running = false;
    std::list<event*> waiting;
  };
  task<void> look_up(std::string host);

  static constexpr std::size_t max_entries = 1024;
  static constexpr std::chrono::seconds keep{10};

  asio::io_context& loop_;
  asio::ip::basic_resolver<asio::ip::tcp, executor> resolver_;
  std::map<std::string, entry> cache_;
  bool stopped_ = false;
};

}  // namespace sidespan::net

// SPDX-License-Identifier: Apache-2.0
//
// Names → addresses for one shard, with a small cache. getaddrinfo (it honours /etc/hosts, nsswitch and search domains)
// runs on a few threads, so that a name that hangs costs its own waiters their connect time-out, and neither the loop
// nor other names anything. Answers are kept for 10 s, and kept on when a later look-up fails. One thread, the shard's.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/event.hpp"
#include "net/task.hpp"

namespace sidespan::net {

using addresses = std::vector<asio::ip::address>;

/// Blocks until the name is known, on a thread of its own; empty: not found. In the order of preference (RFC 6724).
addresses look_up_name(const std::string& host);

class resolver {
 public:
  using look_up = addresses (*)(const std::string& host);
  /// Names that are looked up at once; more wait.
  static constexpr std::size_t most_threads = 8;

  explicit resolver(asio::io_context& loop, look_up how = &look_up_name);
  ~resolver();

  /// IP literals and fresh cache entries answer without waiting; a stale one answers while it is looked up anew.
  /// Faults: dns_error, dns_timeout (stage resolve).
  task<base::result<addresses>> resolve(std::string host, std::chrono::milliseconds limit);
  /// Looks up anew, whatever is known. A failure leaves what resolve() knows.
  task<base::result<addresses>> refresh(std::string host, std::chrono::milliseconds limit);

  /// Fails what waits; for shutdown.
  void stop() noexcept;

 private:
  struct entry {
    addresses found;
    bool failed = false;  // the last look-up
    std::chrono::steady_clock::time_point fresh_until{};
    std::optional<asio::executor_work_guard<executor>> running;
    std::list<event*> waiting;
  };
  struct workers;

  entry& begin(const std::string& host);
  task<bool> answered(std::string host, std::chrono::milliseconds limit);
  void finish(const std::string& host, addresses found);

  static constexpr std::size_t max_entries = 1024;
  static constexpr std::chrono::seconds keep{10};

  asio::io_context& loop_;
  std::map<std::string, entry> cache_;
  std::shared_ptr<workers> workers_;
  bool stopped_ = false;
};

}  // namespace sidespan::net

// SPDX-License-Identifier: Apache-2.0
//
// Names → addresses for one shard, with a small cache. getaddrinfo (it honours /etc/hosts, nsswitch and search domains)
// runs on a few threads, on more while names hang, so that such a name costs its own waiters their connect time-out,
// the loop nothing and other names a second at most. Answers are kept for 10 s, and kept on when a later look-up fails.
// One thread, the shard's.
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
/// Fault: connection_limit_reached (no descriptors left to ask with).
base::result<addresses> look_up_name(const std::string& host);

class resolver {
 public:
  using look_up = base::result<addresses> (*)(const std::string& host);
  using clock = std::chrono::steady_clock::time_point (*)();
  /// Other ones in tests only.
  struct ways {
    ways(look_up ask = &look_up_name, clock now = &std::chrono::steady_clock::now,
         std::chrono::milliseconds patience = std::chrono::seconds(1))
        : ask(ask), now(now), patience(patience) {}
    look_up ask;
    clock now;
    /// Who has waited so long while its name lies in the queue gets one more thread: those that there are hang.
    std::chrono::milliseconds patience;
  };
  /// Names that are looked up at once, without and with such that hang; more wait.
  static constexpr std::size_t usual_threads = 8;
  static constexpr std::size_t most_threads = 64;
  /// That wait for a thread; others are refused at once.
  static constexpr std::size_t most_waiting = 1024;

  explicit resolver(asio::io_context& loop, ways how = {});
  ~resolver();

  /// IP literals and fresh cache entries answer without waiting; a stale one answers while it is looked up anew.
  /// Faults: dns_error, dns_timeout, connection_limit_reached, destination_unavailable (too many names wait); stage
  /// resolve.
  task<base::result<addresses>> resolve(std::string host, std::chrono::milliseconds limit);
  /// Looks up anew, whatever is known. A failure leaves what resolve() knows.
  task<base::result<addresses>> refresh(std::string host, std::chrono::milliseconds limit);

  /// Fails what waits; for shutdown.
  void stop() noexcept;

 private:
  struct entry {
    addresses found;
    bool failed = false;  // the last look-up
    base::fault why;      // then
    std::chrono::steady_clock::time_point fresh_until{};
    std::optional<asio::executor_work_guard<executor>> running;
    std::list<event*> waiting;
  };
  struct workers;

  entry& begin(const std::string& host);
  task<bool> told(event& answer, std::chrono::milliseconds limit);
  task<base::result<void>> answered(std::string host, std::chrono::milliseconds limit);
  void finish(const std::string& host, base::result<addresses> found) noexcept;

  static constexpr std::size_t max_entries = 1024;
  static constexpr std::chrono::seconds keep{10};

  asio::io_context& loop_;
  const ways ways_;
  std::map<std::string, entry> cache_;
  std::shared_ptr<workers> workers_;
  bool stopped_ = false;
};

}  // namespace sidespan::net

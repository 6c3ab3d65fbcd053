// SPDX-License-Identifier: Apache-2.0
//
// Opens connections for one shard. Of several places the next one is tried when the one before has failed, or has not
// answered for a quarter of a second (RFC 8305 §5), so that one that swallows packets does not use up the time of all.
// One thread, the shard's.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/resolver.hpp"
#include "net/stream.hpp"

namespace sidespan::net {

/// Where a connection can go to.
struct destination {
  tcp_endpoint address;
  /// Of a unix socket, in place of `address`; empty: none.
  std::string path;
  friend bool operator==(const destination&, const destination&) = default;
};

/// How long the parts of a connect() took, a failed one included; negative: it did not come to that.
struct opening {
  std::chrono::nanoseconds resolve{-1};
  std::chrono::nanoseconds connect{-1};
};

class connector {
 public:
  connector(asio::io_context& loop, deadlines& wheel, resolver::ways how = {});

  /// Resolves and connects. Faults: dns_*, connection_refused, connection_timeout, destination_ip_unroutable,
  /// connection_limit_reached (no descriptors left), local_ports_used_up, side upstream. `limit` covers resolving and
  /// all addresses. The address that worked last is tried first. `spent` outlives the wait.
  task<base::result<std::unique_ptr<stream>>> connect(std::string host, std::uint16_t port,
                                                      std::chrono::milliseconds limit, opening* spent = nullptr);

  /// How a race for one connection went.
  struct outcome {
    std::unique_ptr<net::stream> stream;  // null: `why`
    std::size_t winner = 0;
    /// Those that failed, or had been tried for longer than `stagger` when another won.
    std::vector<std::size_t> failed;
    base::fault why{base::fault_code::connection_timeout, base::side::upstream, base::stage::connect, "shutting down"};
  };
  /// The first of `places` that answers.
  task<outcome> connect_any(std::vector<destination> places, std::chrono::milliseconds limit);

  resolver& names() noexcept { return resolver_; }

  /// Fails what waits and refuses what comes; for shutdown.
  void stop() noexcept;

  static constexpr std::chrono::milliseconds stagger{250};

 private:
  struct attempt;
  struct race;
  task<error_code> connect_one(tcp_socket& socket, tcp_endpoint where, attempt& state, std::chrono::milliseconds limit);
  task<outcome> connect_only(tcp_endpoint where, std::chrono::milliseconds limit);
  task<error_code> reach(race& in, std::size_t which, std::chrono::milliseconds limit);
  task<void> try_one(std::shared_ptr<race> in, std::size_t which, std::chrono::milliseconds limit);
  static bool next_is_due(const race& in) noexcept;
  void settle(race& in, outcome& out);

  asio::io_context& loop_;
  deadlines& wheel_;
  resolver resolver_;
  std::list<attempt*> pending_;
  bool stopped_ = false;
  std::map<std::string, asio::ip::address> worked_last_;
};

}  // namespace sidespan::net

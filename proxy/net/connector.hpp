// SPDX-License-Identifier: Apache-2.0
//
// Opens connections for one shard: resolve, then try the addresses one after the other within one time limit. The
// address that worked last is tried first. One thread, the shard's.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/resolver.hpp"
#include "net/stream.hpp"

namespace sidespan::net {

class connector {
 public:
  connector(asio::io_context& loop, deadlines& wheel);

  /// Faults: dns_*, connection_refused, connection_timeout, destination_ip_unroutable, connection_limit_reached (no
  /// descriptors left), side upstream. `limit` covers resolving and all addresses.
  task<base::result<std::unique_ptr<stream>>> connect(std::string host, std::uint16_t port,
                                                      std::chrono::milliseconds limit);

  /// Fails what waits and refuses what comes; for shutdown.
  void stop() noexcept;

 private:
  task<error_code> connect_one(tcp_socket& socket, tcp_endpoint where, std::chrono::milliseconds limit);

  asio::io_context& loop_;
  deadlines& wheel_;
  resolver resolver_;
  struct pending;
  std::list<pending*> pending_;
  bool stopped_ = false;
  std::map<std::string, asio::ip::address> worked_last_;
};

}  // namespace sidespan::net

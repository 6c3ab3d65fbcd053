// SPDX-License-Identifier: Apache-2.0
//
// Upstream connections of one shard: idle ones by endpoint, newest first, and new ones when there is none (stage pick).
// A lease returns its connection when destroyed: to the idle ones when it can serve again, else it is closed. A shard's
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "net/connector.hpp"
#include "wire/h1_client.hpp"

namespace sidespan::upstream {

/// Where a connection goes to; compared byte for byte.
struct endpoint {
  std::string host;
  std::uint16_t port = 0;
  friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

struct pool_settings {
  http1::head_limits head;
  /// Most idle connections per endpoint.
  std::size_t idle_per_endpoint = 128;
  /// An idle connection is closed after this long; shorter than what applications usually keep, so that they rarely
  /// close first.
  std::chrono::milliseconds idle_timeout{30000};
};

class pool {
  struct connection {
    connection(pool& owner, const endpoint& where, std::unique_ptr<net::stream> stream,
               std::chrono::milliseconds idle_timeout);

    pool& owner;
    const endpoint where;
    wire::h1_client http;
    net::deadline expiry;  // armed while idle
  };
  // A connection lives in a list node from its first use to its last: idle and leased are only two lists.
  using connections = std::list<connection>;

 public:
  pool(net::asio::io_context& loop, net::deadlines& wheel, wire::buffer_pool& buffers, const pool_settings& settings);
  ~pool();
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  class lease {
   public:
    lease() = default;
    lease(lease&&) noexcept = default;
    lease& operator=(lease&& other) noexcept;
    ~lease() { give_back(); }

    explicit operator bool() const noexcept { return !held_.empty(); }
    wire::client_exchange& exchange() noexcept { return held_.front().http; }
    /// Ends the lease; an exchange that is not complete costs its connection.
    void give_back() noexcept;

   private:
    friend class pool;
    explicit lease(connections held) noexcept : held_(std::move(held)) {}
    connections held_;  // one or none
  };

  struct limits {
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds idle_timeout{60000};
  };
  /// An idle connection without waiting; empty when there is none.
  lease take_idle(const endpoint& where, const limits& limits);
  /// A new connection. Faults of net::connector::connect. `where` outlives the wait.
  net::task<base::result<lease>> connect(const endpoint& where, limits limits);

  /// A new connection that no exchange will use, for tunnels; never pooled. Faults as connect().
  net::task<base::result<std::unique_ptr<net::stream>>> connect_raw(const endpoint& where,
                                                                    std::chrono::milliseconds limit) {
    return connector_.connect(where.host, where.port, limit);
  }

  /// From the next connection on.
  void configure(const pool_settings& settings) { settings_ = settings; }
  std::size_t idle_count() const noexcept { return idle_total_; }
  /// Closes idle connections and keeps no more; leases in use are closed when they come back.
  void close_idle() noexcept;

 private:
  void put(connections one) noexcept;
  void remove(connection& expired) noexcept;
  void forget_unused() noexcept;
  static void on_expiry(void* idle) noexcept;

  static constexpr std::size_t max_endpoints = 1024;  // a forward proxy meets any number

  net::deadlines& wheel_;
  wire::buffer_pool& buffers_;
  pool_settings settings_;
  net::connector connector_;
  std::map<endpoint, connections> idle_;
  std::size_t idle_total_ = 0;
  bool closing_ = false;
};

}  // namespace sidespan::upstream

// SPDX-License-Identifier: Apache-2.0
//
// Upstream connections of one shard: idle ones by endpoint, newest first, and new ones when there is none (stage pick). A
// lease returns its connection when destroyed: to the idle ones when it can serve again, else it is closed. A shard's thread.
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
  /// An idle connection is closed after this long; shorter than what applications usually keep, so that they rarely close first.
  std::chrono::milliseconds idle_timeout{30000};
};

class pool {
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

    explicit operator bool() const noexcept { return connection_ != nullptr; }
    wire::client_exchange& exchange() noexcept { return *connection_; }
    /// Ends the lease; an exchange that is not complete costs its connection.
    void give_back() noexcept;

   private:
    friend class pool;
    lease(pool& owner, const endpoint& where, std::unique_ptr<wire::h1_client> connection) noexcept;
    pool* owner_ = nullptr;
    endpoint where_;
    std::unique_ptr<wire::h1_client> connection_;
  };

  struct wanted {
    endpoint where;
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds idle_timeout{60000};
    bool fresh = false;  // no reused connection: the retry of a request that a reused one lost
  };
  /// An idle connection without waiting; empty when there is none.
  lease take_idle(const wanted& what);
  /// A new connection. Faults of net::connector::connect.
  net::task<base::result<lease>> connect(wanted what);

  std::size_t idle_count() const noexcept { return idle_total_; }
  /// Closes idle connections and keeps no more; leases in use are closed when they come back.
  void close_idle() noexcept;

 private:
  struct idle_connection;
  void put(const endpoint& where, std::unique_ptr<wire::h1_client> connection) noexcept;
  void remove(idle_connection& expired) noexcept;
  static void on_expiry(void* idle) noexcept;

  net::deadlines& wheel_;
  wire::buffer_pool& buffers_;
  pool_settings settings_;
  net::connector connector_;
  std::map<endpoint, std::list<idle_connection>> idle_;
  std::size_t idle_total_ = 0;
  bool closing_ = false;
};

}  // namespace sidespan::upstream

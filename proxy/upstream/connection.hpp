// SPDX-License-Identifier: Apache-2.0
//
// One connection of a pool, and the idle ones of an endpoint. Used by pool and cluster; a shard's thread.
#pragma once

#include <memory>

#include "net/deadlines.hpp"
#include "wire/h1_client.hpp"

namespace sidespan::upstream {

class pool;
struct member;
struct group;

struct connection {
  connection(pool& owner, group& cluster, member& to, std::unique_ptr<net::stream> stream,
             std::chrono::milliseconds idle_timeout);
  ~connection();

  pool& owner;
  group& cluster;
  member& to;
  wire::h1_client http;
  net::deadline expiry;         // armed while idle
  connection* newer = nullptr;  // while idle
  connection* older = nullptr;
  /// While idle: what the loop has heard of it counts. Not so after a failure of its endpoint, until it is used again.
  bool trusted = false;

  /// Exchanges after which an upstream is known to keep connections; the loop does not hear of anything before it has
  /// come round.
  static constexpr std::uint64_t proven = 100;
};

/// Connections that idle, the one used last first. Linked through themselves: giving one back cannot fail.
class idle_connections {
 public:
  idle_connections() = default;
  ~idle_connections() {
    while (!empty()) remove(*newest_);
  }
  idle_connections(const idle_connections&) = delete;
  idle_connections& operator=(const idle_connections&) = delete;

  bool empty() const noexcept { return newest_ == nullptr; }
  std::size_t size() const noexcept { return size_; }
  connection* newest() const noexcept { return newest_; }
  connection& oldest() const noexcept { return *oldest_; }

  void add(std::unique_ptr<connection> back) noexcept {
    connection* const one = back.release();
    one->older = newest_;
    one->newer = nullptr;
    (newest_ != nullptr ? newest_->newer : oldest_) = one;
    newest_ = one;
    ++size_;
  }
  /// `one` is among them.
  std::unique_ptr<connection> remove(connection& one) noexcept {
    (one.newer != nullptr ? one.newer->older : newest_) = one.older;
    (one.older != nullptr ? one.older->newer : oldest_) = one.newer;
    --size_;
    return std::unique_ptr<connection>(&one);
  }

 private:
  connection* newest_ = nullptr;
  connection* oldest_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sidespan::upstream

// SPDX-License-Identifier: Apache-2.0
//
// A downstream connection from accept to close: one exchange after the other. Started by app's listeners; one coroutine
// on the shard's thread, which owns everything below it.
#pragma once

#include <memory>
#include <utility>

#include "forward/leg.hpp"
#include "forward/shard.hpp"
#include "trace/recurring.hpp"
#include "wire/h1_server.hpp"

namespace sidespan::forward {

class exchange;

/// A connection's place in the counts that limits and drains go by, from accept to close.
class seat {
 public:
  seat(shard& on, const leg& leg);
  seat(seat&& other) noexcept : shard_(std::exchange(other.shard_, nullptr)), leg_(other.leg_) {}
  seat& operator=(seat&&) = delete;
  ~seat();

 private:
  shard* shard_;
  const leg* leg_;
};

class connection {
 public:
  connection(shard& on, const leg& leg, net::tcp_socket socket);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  net::task<void> serve();

  const class leg& on_leg() const noexcept { return leg_; }
  /// First step of a drain: an idle connection closes now, a busy one after its exchange.
  void drain() noexcept;
  /// Second step: whatever is under way ends now.
  void cut() noexcept;

 private:
  shard& shard_;
  const class leg& leg_;
  wire::h1_server http_;
  trace::recurring recurring_;
  std::list<connection*>::iterator place_;
  exchange* current_ = nullptr;
  bool waiting_ = true;  // between exchanges
  bool draining_ = false;
};

/// Takes the socket over and serves it until it closes; to be spawned. It counts from this call on.
net::task<void> serve_connection(shard& on, const leg& leg, net::tcp_socket socket);

}  // namespace sidespan::forward

// SPDX-License-Identifier: Apache-2.0
//
// Lets one coroutine of a shard wait for another. One waiter at a time; set() before wait() is not lost. Not for the
// common path (it costs an allocation): for uploads that go on beside the response, for resolving and for drains.
#pragma once

#include "net/operation.hpp"

namespace sidespan::net {

class event {
 public:
  explicit event(const executor& where) : timer_(where, std::chrono::steady_clock::time_point::max()) {}

  void set() {
    set_ = true;
    timer_.cancel();
  }
  bool is_set() const noexcept { return set_; }

  task<void> wait() {
    error_code ignored;
    while (!set_) co_await timer_.async_wait(into(ignored));
  }

  /// False when `limit` passed first.
  task<bool> wait_for(std::chrono::milliseconds limit) {
    error_code ignored;
    const auto end = std::chrono::steady_clock::now() + limit;
    timer_.expires_at(end);
    while (!set_ && std::chrono::steady_clock::now() < end) co_await timer_.async_wait(into(ignored));
    co_return set_;
  }

 private:
  timer timer_;
  bool set_ = false;
};

}  // namespace sidespan::net

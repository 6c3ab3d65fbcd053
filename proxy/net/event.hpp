// SPDX-License-Identifier: Apache-2.0
//
// Lets one coroutine of a shard wait for another. One waiter at a time; set() before wait() is not lost. Not for the
// common path (it costs an allocation): for uploads that go on beside the response, for resolving and for drains.
#pragma once

#include "net/task.hpp"

namespace sidespan::net {

class event {
 public:
  explicit event(const executor& where) : timer_(where, std::chrono::steady_clock::time_point::max()) {}

  void set() {
    set_ = true;
    timer_.cancel();
  }
  bool is_set() const noexcept { return set_; }

  task<void> wait();
  /// False when `limit` passed first.
  task<bool> wait_for(std::chrono::milliseconds limit);

 private:
  timer timer_;
  bool set_ = false;
};

}  // namespace sidespan::net

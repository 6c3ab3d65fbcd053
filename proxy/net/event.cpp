// SPDX-License-Identifier: Apache-2.0
#include "net/event.hpp"

#include "net/operation.hpp"

namespace sidespan::net {

task<void> event::wait() {
  error_code ignored;
  while (!set_) co_await timer_.async_wait(into(ignored));
}

task<bool> event::wait_for(std::chrono::milliseconds limit) {
  error_code ignored;
  const auto end = std::chrono::steady_clock::now() + limit;
  timer_.expires_at(end);
  while (!set_ && std::chrono::steady_clock::now() < end) co_await timer_.async_wait(into(ignored));
  co_return set_;
}

}  // namespace sidespan::net

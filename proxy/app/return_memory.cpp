// SPDX-License-Identifier: Apache-2.0
#include "app/return_memory.hpp"

#include <malloc.h>

#include <chrono>
#include <string>

#include "base/log.hpp"
#include "net/operation.hpp"

namespace sidespan::app {

namespace {

/// Takes each arena's lock in turn, for some milliseconds where much is returned: hence not on a shard, and when quiet.
void trim() {
#ifdef __GLIBC__
  const auto before = std::chrono::steady_clock::now();
  ::malloc_trim(0);
  const auto took = std::chrono::steady_clock::now() - before;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  base::log(base::log_level::debug, "memory returned to the system", {{"took_us", std::to_string(us)}});
#endif
}

}  // namespace

bool return_rule::due(std::uint64_t freed) noexcept {
  quiet_ = freed - seen_ < little ? quiet_ + 1 : 0;
  seen_ = freed;
  if (quiet_ < quiet_looks || freed - returned_ < worth) return false;
  returned_ = freed;
  return true;
}

net::task<void> return_memory(net::asio::io_context& control, std::function<std::uint64_t()> freed) {
  net::timer pause(control.get_executor());
  net::error_code ec;
  return_rule rule;
  while (!ec) {
    pause.expires_after(std::chrono::seconds(1));
    co_await pause.async_wait(net::into(ec));
    if (rule.due(freed())) trim();
  }
}

}  // namespace sidespan::app

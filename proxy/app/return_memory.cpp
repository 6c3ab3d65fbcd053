// SPDX-License-Identifier: Apache-2.0
#include "app/return_memory.hpp"

#include <malloc.h>

#include <algorithm>
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

bool return_rule::due(const released& now) noexcept {
  const auto [fewer, more] = std::minmax(now.connections, seen_.connections);
  const std::uint64_t moved = now.freed - seen_.freed + (more - fewer) * connection_bytes;
  quiet_ = moved < little ? quiet_ + 1 : 0;
  seen_ = now;
  most_connections_ = std::max(most_connections_, now.connections);
  // Not all that ever closed: where callers come and go the next one takes what the last one left.
  const std::uint64_t closed = (most_connections_ - now.connections) * connection_bytes;
  if (quiet_ < quiet_looks || now.freed - returned_ + closed < worth) return false;
  returned_ = now.freed;
  most_connections_ = now.connections;
  return true;
}

net::task<void> return_memory(net::asio::io_context& control, std::function<released()> look) {
  net::timer pause(control.get_executor());
  net::error_code ec;
  return_rule rule;
  while (!ec) {
    pause.expires_after(std::chrono::seconds(1));
    co_await pause.async_wait(net::into(ec));
    if (rule.due(look())) trim();
  }
}

}  // namespace sidespan::app

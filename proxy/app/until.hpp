// SPDX-License-Identifier: Apache-2.0
//
// Waiting on the control thread for what other threads announce by an atomic: looks every 5 ms. Used by app/sidecar for
// drains and reloads.
#pragma once

#include <chrono>

#include "net/operation.hpp"

namespace sidespan::app {

/// False: `deadline` came first.
template <class Condition>
net::task<bool> until(net::asio::io_context& control, Condition met, std::chrono::steady_clock::time_point deadline) {
  net::timer pause(control.get_executor());
  net::error_code ignored;
  while (!met()) {
    if (std::chrono::steady_clock::now() >= deadline) co_return false;
    pause.expires_after(std::chrono::milliseconds(5));
    co_await pause.async_wait(net::into(ignored));
  }
  co_return true;
}

}  // namespace sidespan::app

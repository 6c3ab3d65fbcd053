// SPDX-License-Identifier: Apache-2.0
//
// Gives memory back to the system after a burst. Blocks of bodies lie between what connections keep, so that malloc
// returns none of it by itself (docs/adr/020). On the control thread; started by app/sidecar.
#pragma once

#include <cstdint>
#include <functional>

#include "net/task.hpp"

namespace sidespan::app {

/// When it is time. Pure; asked once a second.
class return_rule {
 public:
  /// `freed`: bytes that went to malloc, ever. True: enough to be worth it, and for some seconds there was little more.
  bool due(std::uint64_t freed) noexcept;

  static constexpr std::uint64_t worth = 4 * 1024 * 1024;
  static constexpr std::uint64_t little = 1024 * 1024;
  static constexpr int quiet_looks = 3;

 private:
  std::uint64_t seen_ = 0;
  std::uint64_t returned_ = 0;
  int quiet_ = 0;
};

/// Until the loop ends. `freed` as above.
net::task<void> return_memory(net::asio::io_context& control, std::function<std::uint64_t()> freed);

}  // namespace sidespan::app

// SPDX-License-Identifier: Apache-2.0
//
// Gives memory back to the system after a burst. Blocks of bodies, and connections that have closed, lie between what
// others keep, so that malloc returns none of it by itself (docs/adr/020). On the control thread; started by
// app/sidecar.
#pragma once

#include <cstdint>
#include <functional>

#include "net/task.hpp"

namespace sidespan::app {

/// What went to malloc.
struct released {
  std::uint64_t freed = 0;        // bytes of blocks, ever
  std::uint64_t connections = 0;  // open now: it is those below the most there were that have left something
};

/// When it is time. Pure; asked once a second.
class return_rule {
 public:
  /// True: enough was released to be worth it, and for some seconds there was little more.
  bool due(const released& now) noexcept;

  /// A connection with what it needed of the upstream leaves some 14 KiB behind, half of it in whole pages.
  static constexpr std::uint64_t connection_bytes = 8 * 1024;
  static constexpr std::uint64_t worth = 4 * 1024 * 1024;
  static constexpr std::uint64_t little = 1024 * 1024;
  static constexpr int quiet_looks = 3;

 private:
  released seen_;
  std::uint64_t returned_ = 0;          // of the freed bytes
  std::uint64_t most_connections_ = 0;  // since memory was returned
  int quiet_ = 0;
};

/// Until the loop ends.
net::task<void> return_memory(net::asio::io_context& control, std::function<released()> look);

}  // namespace sidespan::app

// SPDX-License-Identifier: Apache-2.0
//
// A running shard: one thread, its event loop, connections, pools and metrics (decision 5). Made and ended by
// app/sidecar; what it shares with other shards is in forward::process. Its public functions are called from the
// control thread and hand over to the shard's own.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/observe.hpp"
#include "app/settings.hpp"
#include "forward/connection.hpp"
#include "net/listener.hpp"

namespace sidespan::app {

class shard {
 public:
  shard(const settings& configured, forward::process& all, trace::sink& sink);
  ~shard();
  shard(const shard&) = delete;
  shard& operator=(const shard&) = delete;

  /// Before start(): binds one listener for `leg`. Throws std::runtime_error naming the address. Returns the port.
  std::uint16_t listen(const forward::leg& leg, std::uint16_t port, bool shared);
  /// Before start(): one line per exchange goes to ring `number` of `where`.
  void log_to(access_log& where, std::size_t number, access_line_settings how);
  void start();

  /// Drain, first half: inbound listeners close, inbound connections end with their exchange.
  void drain_inbound();
  /// Second half: the same for outbound and forward proxy.
  void drain_outbound();
  /// Every listener of that leg is closed, and what it had taken in is counted among the connections.
  bool closed(bool inbound) const noexcept { return closed_[inbound ? 0 : 1].load(std::memory_order_acquire); }
  /// Ends whatever is still under way.
  void cut();
  /// Ends the loop and joins the thread.
  void stop() noexcept;
  /// Does the loop turn? Sets a number that alive_mark() shows once the loop has come round.
  void probe(std::uint64_t mark);
  std::uint64_t alive_mark() const noexcept { return alive_mark_.load(std::memory_order_relaxed); }

  const metrics::registry& registry() const noexcept { return observe_.registry(); }
  /// Any thread.
  std::size_t buffer_bytes() const noexcept { return buffers_.in_use(); }
  std::size_t idle_upstream_connections() const noexcept { return pool_.idle_count(); }

 private:
  void drain(bool inbound);
  std::string_view used_up(const forward::leg& leg) const noexcept;

  net::asio::io_context loop_;
  net::asio::executor_work_guard<net::executor> keep_running_;
  base::system_random random_;
  net::deadlines wheel_;
  wire::buffer_pool buffers_;
  observe observe_;
  upstream::pool pool_;
  forward::shard here_;
  struct bound {
    const forward::leg* leg;
    std::unique_ptr<net::listener> socket;
  };
  std::vector<bound> listeners_;
  std::atomic<std::uint64_t> alive_mark_{0};
  std::array<std::atomic<bool>, 2> closed_{};  // inbound, outbound
  std::thread thread_;
};

}  // namespace sidespan::app

// SPDX-License-Identifier: Apache-2.0
//
// A running shard: one thread, its event loop, connections, pools and metrics (decision 5). Made and ended by
// app/sidecar; what it shares with other shards is in forward::process. Its public functions are called from the
// control thread and hand over to the shard's own.
#pragma once

#include <array>
#include <atomic>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/observe.hpp"
#include "app/settings.hpp"
#include "forward/connection.hpp"
#include "net/listener.hpp"

namespace sidespan::app {

/// A configuration coming into force on one shard.
struct shard_change {
  /// A listener that was not there before.
  struct added {
    std::shared_ptr<const forward::leg> leg;
    net::parked_listener socket;
  };
  std::shared_ptr<const forward::snapshot> next;
  std::vector<added> listeners;
  /// This shard's part of the memory for buffers.
  std::size_t buffer_bytes = wire::buffer_pool::unlimited;
  /// Null: no access log.
  access_log* log = nullptr;
  access_line_settings log_lines;
};

class shard {
 public:
  /// `number`: 0.. among the shards.
  shard(std::size_t number, forward::process& all, trace::sink& sink);
  ~shard();
  shard(const shard&) = delete;
  shard& operator=(const shard&) = delete;

  /// Before start(), once.
  void begin_with(shard_change what) { change(std::move(what)); }
  void start();
  /// Puts `what` in force between two turns of the loop, then adds one to `done`, which outlives it. Listeners that it
  /// has no more drain; exchanges under way notice nothing.
  void reload(shard_change what, std::atomic<std::size_t>& done);
  /// Ends what is still under way on listeners that reload number `reload` or an earlier one has closed.
  void cut_closed(std::size_t reload);

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
  std::uint64_t freed_bytes() const noexcept { return buffers_.freed(); }
  std::size_t idle_upstream_connections() const noexcept { return pool_.idle_count(); }

 private:
  /// One listener as this shard has it.
  struct entrance {
    explicit entrance(std::shared_ptr<const forward::leg> leg) : door(std::move(leg)) {}
    forward::door door;
    std::unique_ptr<net::listener> socket;
    std::size_t closed_by = 0;  // number of the reload
  };

  void change(shard_change what);
  void follow(entrance& at);
  void open(shard_change::added what);
  void forget_closed();
  void drain(bool inbound);
  std::string_view used_up(const forward::leg& leg) const noexcept;
  bool make_room(const forward::door& at, std::string_view limit) noexcept;
  void share_files() noexcept;

  /// Sockets need it to the last, while what waits in it needs the rest of the shard: that goes first.
  class event_loop : public net::asio::io_context {
   public:
    using io_context::io_context;
    void destroy_what_waits() { shutdown(); }
  };

  event_loop loop_;
  net::asio::executor_work_guard<net::executor> keep_running_;
  base::system_random random_;
  net::deadlines wheel_;
  wire::buffer_pool buffers_;
  observe observe_;
  upstream::pool pool_;
  forward::shard here_;
  std::list<entrance> entrances_;
  const std::size_t number_;
  std::atomic<std::uint64_t> alive_mark_{0};
  std::array<std::atomic<bool>, 2> closed_{};  // inbound, outbound
  std::thread thread_;
};

}  // namespace sidespan::app

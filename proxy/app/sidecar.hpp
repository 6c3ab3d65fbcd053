// SPDX-License-Identifier: Apache-2.0
//
// The composition root: everything a running sidespan consists of, declared in the order it must live, its drain, and
// its reloads (sidecar_reload.cpp).
// Lives on the control thread (the process's main one), which also serves the admin page and signals.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admin/pages.hpp"
#include "app/reload.hpp"
#include "app/samples.hpp"
#include "app/settings.hpp"
#include "app/shard.hpp"
#include "collect/worker.hpp"
#include "correlate/ladder.hpp"
#include "otlp/receiver.hpp"
#include "viewer/viewer.hpp"

namespace sidespan::app {

class sidecar {
 public:
  /// Binds everything; throws std::runtime_error naming what could not be had.
  sidecar(const settings& configured, net::asio::io_context& control);
  ~sidecar();
  sidecar(const sidecar&) = delete;
  sidecar& operator=(const sidecar&) = delete;

  void start();
  /// Two-step drain within `drain.delay + drain.timeout`: inbound finishes, outbound stays open until inbound is idle,
  /// then outbound finishes, spans are flushed. Never later than that by more than a second. False: something could not
  /// be ended, and the process must exit without unwinding.
  net::task<bool> drain();
  /// Puts `again` in force, or says why not and keeps what is: nothing between. Requests under way notice nothing.
  net::task<void> reload(reread again);

  /// `{"inbound":{"8080":41234},…}`: what was really bound.
  std::string bound_ports() const;
  /// Name, address and purpose of everything that listens; logged at start.
  void log_start() const;

 private:
  using time_point = std::chrono::steady_clock::time_point;

  /// A configuration with everything bound and opened that it needs.
  struct prepared {
    std::shared_ptr<const forward::snapshot> next;
    std::vector<std::uint16_t> ports;   // one per leg
    std::vector<shard_change> changes;  // one per shard
    std::size_t added = 0;
  };

  void make_admin();
  prepared prepare(const settings& wanted);
  std::optional<prepared> try_prepare(const settings& wanted);
  std::shared_ptr<const forward::leg> make_leg(const settings& wanted, const forward::listener_settings& listener,
                                               const forward::leg* before);
  std::vector<net::parked_listener> bind(const forward::listener_settings& listener);
  void take_over(settings wanted, prepared& what);
  void refuse_reload(const std::string& reason);
  net::task<void> cut_closed_later(std::size_t reload, std::chrono::milliseconds after);
  void log_listener(std::size_t number) const;
  std::string metrics_text() const;
  std::string build_text() const;
  bool loops_turn();
  net::task<void> flush(time_point deadline);

  settings settings_;
  net::asio::io_context& control_;
  base::system_clock clock_;
  base::system_random random_;
  std::unique_ptr<correlate::ledger> ledger_;
  std::unique_ptr<correlate::ladder> ladder_;
  std::unique_ptr<viewer::viewer> viewer_;
  std::unique_ptr<otlp::receiver> receiver_;
  std::unique_ptr<collect::worker> worker_;
  forward::process all_;
  std::shared_ptr<const forward::snapshot> in_force_;
  std::vector<std::uint16_t> ports_;  // one per leg
  std::unique_ptr<access_log> access_log_;
  std::vector<std::unique_ptr<shard>> shards_;
  std::unique_ptr<admin::pages> admin_;
  std::uint64_t probe_ = 0;
  time_point probed_at_{};
  bool ready_ = false;
  reload_counts reloads_;
};

}  // namespace sidespan::app

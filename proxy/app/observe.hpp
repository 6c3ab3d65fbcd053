// SPDX-License-Identifier: Apache-2.0
//
// What exchanges report, turned into metrics and access-log lines. One object per shard, on its thread; the registry
// behind it is read by the admin page.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/access_line.hpp"
#include "app/access_log.hpp"
#include "base/clock.hpp"
#include "forward/observer.hpp"
#include "metrics/registry.hpp"

namespace sidespan::app {

class observe final : public forward::observer {
 public:
  explicit observe(const base::clock& clock) : clock_(clock) {}

  /// Methods that are a label value of their own.
  void know_methods(std::vector<std::string> known) { known_methods_ = std::move(known); }

  /// From now on one line per exchange and opaque connection into the ring number `shard` of `where`, which outlives
  /// this; null: none.
  void log_to(access_log* where, std::size_t shard, access_line_settings how);

  void exchange_started(bool inbound) noexcept override;
  void exchange_finished(const forward::finished_exchange& what) noexcept override;
  void upstream_event(std::string_view cluster, upstream::event what) noexcept override {
    registry_.upstream_event(cluster, upstream::name(what));
  }
  void linked(std::string_view method, std::string_view result) noexcept override { registry_.link(method, result); }
  void tunnel_opened(forward::tunnel_kind kind) noexcept override { registry_.tunnels_open(forward::name(kind), 1); }
  void tunnel_closed(forward::tunnel_kind kind) noexcept override { registry_.tunnels_open(forward::name(kind), -1); }
  void tunnel_finished(const forward::finished_tunnel& what) noexcept override;
  void limited(forward::limit which) noexcept override { registry_.limited(forward::name(which)); }
  void connection_accepted(bool inbound) noexcept override;
  void connection_closed(bool inbound) noexcept override;

  /// Accepting paused, or an idle connection was closed for another one.
  void paused(std::string_view limit) noexcept { registry_.limited(limit); }
  void upstream_connections(int change) noexcept override {
    registry_.connections_open(metrics::side::upstream, change);
  }

  const metrics::registry& registry() const noexcept { return registry_; }

 private:
  std::vector<std::string> known_methods_;
  const base::clock& clock_;
  access_log* access_log_ = nullptr;
  std::size_t shard_ = 0;
  std::optional<access_line> line_;
  metrics::registry registry_;
};

}  // namespace sidespan::app

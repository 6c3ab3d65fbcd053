// SPDX-License-Identifier: Apache-2.0
//
// An opaque TCP connection: bytes both ways between a downstream and an endpoint of its listener's cluster, unread, and
// one span for all of it. The upstream is connected to at once, because it may be the one that speaks first. Started by
// serve_connection; a shard's thread.
#pragma once

#include <list>
#include <optional>
#include <string>

#include "forward/leg.hpp"
#include "forward/shard.hpp"
#include "forward/tunnel.hpp"
#include "trace/live_span.hpp"

namespace sidespan::forward {

class opaque_connection {
 public:
  opaque_connection(shard& on, const door& at, net::accepted from);
  ~opaque_connection();
  opaque_connection(const opaque_connection&) = delete;
  opaque_connection& operator=(const opaque_connection&) = delete;

  net::task<void> serve();
  /// Ends it now. A drain leaves it alone until then: nobody can tell an idle connection from one in the middle of
  /// something.
  void cut() noexcept;
  /// Where it came in.
  const door& at() const noexcept { return door_; }

 private:
  const cluster_settings& cluster() const noexcept { return leg_.settings().clusters.front(); }
  /// Where it goes as configured; of several endpoints the first one.
  std::string_view server_host() const noexcept;
  std::uint16_t server_port() const noexcept;
  void begin_span();
  void fail(const base::fault& why);
  void describe_reached(const upstream::pool::lease& up, const wire::raw_connection& far);
  net::task<void> run_tunnel(wire::raw_connection far);
  void finish(const tunnel_outcome& out, base::fault_code fault);

  shard& shard_;
  const door& door_;
  const std::shared_ptr<const class leg> held_;  // a reload may give the door another one
  const class leg& leg_;
  net::stream down_;
  base::steady_time began_;
  std::list<opaque_connection*>::iterator place_;
  open_tunnel counted_;  // longer than the span: no tunnel is open only when every span has been recorded
  std::optional<trace::live_span> span_;
  std::string reached_;  // the endpoint
  tunnel* tunnel_ = nullptr;
  bool cut_ = false;
};

}  // namespace sidespan::forward

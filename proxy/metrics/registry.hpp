// SPDX-License-Identifier: Apache-2.0
//
// The metrics of one shard: the data path records here, admin shows the sum over all shards. Every recording function
// belongs to the owning shard; read access (exposition) to any thread. Recording with labels seen before allocates
// nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "metrics/cell.hpp"
#include "metrics/family.hpp"

namespace sidespan::metrics {

/// Toward the local application / from it.
enum class leg : std::uint8_t { inbound, outbound };
/// Who is at the other end of a connection: whoever called us / whom we call.
enum class side : std::uint8_t { downstream, upstream };

/// What distinguishes request durations. Values must be of low cardinality already: methods known or `_OTHER`, route
/// templates, error types from a fixed list; the number of series is bounded regardless. Empty or 0: label absent.
struct request_labels {
  std::string_view method;
  int status = 0;  // 0..999
  std::string_view route;
  std::string_view error_type;
  std::string_view server_address;  // outbound only
};

class registry {
 public:
  static constexpr std::size_t default_series_limit = 1000;

  /// `series_limit`: most series of one family in this shard; further label sets are counted together as `other`.
  explicit registry(std::size_t series_limit = default_series_limit);

  /// One finished inbound exchange (server_address is ignored), one finished attempt of an outbound one.
  void server_request(const request_labels& labels, base::nanoseconds duration);
  void client_request(const request_labels& labels, base::nanoseconds duration);
  /// Inbound exchanges begun and not finished: +1, -1.
  void server_active(int change) noexcept { server_active_.add(change); }
  /// The same for outbound ones.
  void client_active(int change) noexcept { client_active_.add(change); }
  /// A limit was met, by its name.
  void limited(std::string_view limit) { limited_.at({limit}).add(); }
  void connection_accepted(leg leg) noexcept { accepted_[static_cast<std::size_t>(leg)].add(); }
  /// Open connections: +1, -1.
  void connections_open(side side, int change) noexcept { open_[static_cast<std::size_t>(side)].add(change); }
  /// How an outbound exchange was linked: a method of the ladder, and what came of it (e.g. `asserted`, `candidates`,
  /// `root`).
  void link(std::string_view method, std::string_view result) { links_.at({method, result}).add(); }

  /// `event` is one of a few literals.
  void upstream_event(std::string_view cluster, std::string_view event) { upstream_events_.at({cluster, event}).add(); }

  /// Tunnels open now: +1, -1. `kind` is one of a few literals, and so is `end`.
  void tunnels_open(std::string_view kind, int change) { tunnels_open_.at({kind}).add(change); }
  void tunnel_finished(std::string_view leg, std::string_view kind, std::string_view end) {
    tunnels_.at({leg, kind, end}).add();
  }
  /// `direction` is `up` (to the upstream) or `down`.
  void tunnel_bytes(std::string_view leg, std::string_view direction, std::uint64_t bytes) {
    tunnel_bytes_.at({leg, direction}).add(bytes);
  }

  // What exposition reads.
  using request_family = family<histogram, 5>;     // method, status, route, error_type, server_address
  using link_family = family<counter, 2>;          // method, result
  using tunnel_family = family<counter, 3>;        // leg, kind, end
  using tunnel_gauge_family = family<gauge, 1>;    // kind
  using tunnel_bytes_family = family<counter, 2>;  // leg, direction
  using upstream_family = family<counter, 2>;      // cluster, event
  const upstream_family& upstream_events() const noexcept { return upstream_events_; }
  using limit_family = family<counter, 1>;  // limit
  const tunnel_family& tunnels() const noexcept { return tunnels_; }
  const tunnel_gauge_family& open_tunnels() const noexcept { return tunnels_open_; }
  const tunnel_bytes_family& tunnel_bytes() const noexcept { return tunnel_bytes_; }
  const request_family& server_requests() const noexcept { return server_requests_; }
  const request_family& client_requests() const noexcept { return client_requests_; }
  const link_family& links() const noexcept { return links_; }
  const limit_family& limits() const noexcept { return limited_; }
  std::int64_t active() const noexcept { return server_active_.value(); }
  std::int64_t clients_active() const noexcept { return client_active_.value(); }
  std::uint64_t accepted(leg leg) const noexcept { return accepted_[static_cast<std::size_t>(leg)].value(); }
  std::int64_t open(side side) const noexcept { return open_[static_cast<std::size_t>(side)].value(); }

  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;

 private:
  request_family server_requests_;
  request_family client_requests_;
  link_family links_;
  upstream_family upstream_events_;
  tunnel_family tunnels_;
  tunnel_gauge_family tunnels_open_;
  tunnel_bytes_family tunnel_bytes_;
  limit_family limited_;
  gauge server_active_;
  gauge client_active_;
  std::array<counter, 2> accepted_;
  std::array<gauge, 2> open_;
};

}  // namespace sidespan::metrics

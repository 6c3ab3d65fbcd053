// SPDX-License-Identifier: Apache-2.0
//
// Settings of upstreams: where their endpoints are, how one is picked, when one is left alone for a while, and how many
// connections there may be. Plain values, checked by config; forward/leg hands them to the pools of all shards.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sidespan::upstream {

/// Where a connection goes to; compared byte for byte.
struct endpoint {
  /// Host name or IP address without brackets; what begins with '/' is the path of a unix socket.
  std::string host;
  std::uint16_t port = 0;
  bool is_unix() const noexcept { return host.starts_with('/'); }
  friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

struct policy {
  /// The less busy of two that are drawn, or one after the other.
  enum class balance { least_request, round_robin };
  enum balance balance = balance::least_request;
  /// An endpoint is left alone after so many faults in a row; 0: never.
  std::uint32_t eject_after = 5;
  /// A 5xx counts as a fault.
  bool eject_on_5xx = false;
  /// For how long at first; it doubles each time, up to `eject_longest`.
  std::chrono::milliseconds eject_time{10000};
  std::chrono::milliseconds eject_longest{300000};
  /// Names are looked up anew this long after the last answer.
  std::chrono::milliseconds dns_refresh{10000};
  /// Most connections to all endpoints together, per shard; 0: no limit.
  std::size_t max_connections = 0;
  /// Most requests that wait for one of them.
  std::size_t max_pending = 1024;

  friend bool operator==(const policy&, const policy&) = default;
};

/// When a request is sent once more (specs §7.6).
struct retry_policy {
  /// Most times that a request is repeated; 0: never. RT-2: a repeated request that failed is not repeated.
  std::uint32_t most = 1;
  /// Most repeated requests in flight, as a part of all that are in flight to the upstream, per shard. 0..1
  double budget = 0.2;
  /// So many are always allowed.
  std::uint32_t always = 3;
  /// Largest request body that is kept for it; it must have come together with the head.
  std::uint64_t max_body_bytes = 64 * 1024;

  friend bool operator==(const retry_policy&, const retry_policy&) = default;
};

struct cluster_settings {
  std::string name;
  std::vector<endpoint> endpoints;
  upstream::policy policy;
};

/// Two clusters with equal keys are one: they share connections and what is known about their endpoints.
std::string key_of(const cluster_settings& settings);

}  // namespace sidespan::upstream

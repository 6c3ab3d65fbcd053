// SPDX-License-Identifier: Apache-2.0
//
// Settings of forwarding: which listeners exist, where their requests go, and the limits of the data path. Plain
// values, checked by config before they come here; forward and app copy what they need at start-up.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "forward/networks.hpp"
#include "route/rule.hpp"
#include "upstream/settings.hpp"

namespace sidespan::forward {

/// A named upstream: where the requests of some rules go.
struct cluster_settings {
  /// What logs, metrics and spans call it: the configured `name`, else the authority.
  std::string name;
  /// Host name or IP address to connect to, without brackets.
  std::string host;
  /// Port to connect to. 1..65535
  std::uint16_t port = 80;
  /// host[:port] as written in the URL, the port left out when it is the default of the scheme (80; tcp has none).
  std::string authority;
  /// Where its connections go; of several, the first one is what host, port and authority tell. A unix socket has
  /// `localhost` for them.
  std::vector<upstream::endpoint> endpoints;
  /// By the scheme of the URL; `any`: it has none.
  enum class protocol { any, http, tcp };
  enum protocol protocol = protocol::any;

  friend bool operator==(const cluster_settings&, const cluster_settings&) = default;
};

struct listener_settings {
  enum class leg { inbound, outbound, forward_proxy };
  /// Toward the local app, from the local app, or from the local app as HTTP_PROXY.
  enum leg leg = leg::inbound;
  /// As written in the YAML map ("8080", "127.0.0.1:8080"); the address for a forward proxy.
  std::string key;
  /// Address to bind: "*" is every address of every family, else an IP address without brackets.
  std::string address = "*";
  /// Port to bind; 0 lets the system pick one. 0..65535
  std::uint16_t port = 0;
  /// In the order of the configuration; rule.cluster indexes `clusters`. A listener with `to` ends with a catch-all
  /// rule. Empty for a forward proxy, whose requests name their own upstream.
  std::vector<route::rule_settings> rules;
  /// What the rules point at. Empty for a forward proxy.
  std::vector<cluster_settings> clusters;
  /// How endpoints are picked, left alone, looked up, and how many connections they get; for every cluster.
  upstream::policy upstream;
  upstream::retry_policy retries;
  /// Opaque TCP: bytes both ways, unread. One rule, one cluster; nothing else that is about requests counts.
  bool opaque = false;
  /// Longest time of a whole exchange, request head to last byte; 0 (the default): no limit, so that long downloads and
  /// event streams are never cut.
  std::chrono::milliseconds timeout{0};
  /// Longest time to connect to the upstream. 1 ms..
  std::chrono::milliseconds connect_timeout{5000};
  /// Longest silence of a kept-alive connection or of a body in transfer. 1 ms..
  std::chrono::milliseconds idle_timeout{60000};
  /// Longest time without a byte in either direction of a tunnel (an upgraded connection, CONNECT, opaque TCP), whose
  /// idle_timeout no longer counts; 0: no limit.
  std::chrono::milliseconds tunnel_idle_timeout{3600000};
  /// Longest time from a request's first byte to the end of its head. 1 ms..
  std::chrono::milliseconds request_head_timeout{30000};
  /// Most route names learned from paths that no rule names; 0: such requests have none. 0..65536
  std::size_t inferred_routes = 256;
  /// Outbound: send the Host the app wrote instead of the upstream's authority (decision 17).
  bool preserve_host = false;
  /// Add `Via` in both directions (decision 17).
  bool via = true;
  /// Who is no stranger. A stranger's trace context is not continued but restarted (decision 10), and what it says in
  /// X-Forwarded-*, X-Real-IP and Forwarded is neither believed nor passed on (H1-30).
  enum class trust { all, none, listed };
  enum trust trust = trust::all;
  networks trusted;  // when listed
  /// Inbound: what the application is told of the caller in X-Forwarded-For and -Proto. `append`: behind what trusted
  /// callers said; `replace`: the peer alone, whoever says more; `strip`: nothing.
  enum class forwarded { append, replace, strip };
  enum forwarded forwarded = forwarded::append;
  /// Largest request body in bytes, more is 413; 0: no limit.
  std::uint64_t max_body_bytes = 0;
  /// Slowest body that is put up with, in bytes per second, of requests as they come and of responses as they are
  /// taken; slower is 408, or a response that is cut. Asked for after the first 5 s (or idle_timeout); 0: no limit.
  std::uint64_t min_rate = 0;
  /// Most connections of this listener, more wait in the backlog; 0: only the process's limit.
  std::size_t max_connections = 0;
  /// Most requests of this listener in flight, more are 503 at once; 0: no limit.
  std::size_t max_requests = 0;

  friend bool operator==(const listener_settings&, const listener_settings&) = default;
};

/// What holds for every listener.
struct settings {
  /// Largest request or response head in bytes, start line included. 1 KiB..1 MiB
  std::size_t header_bytes = 64 * 1024;
  /// Most fields of a head; more are 431. 1..
  std::size_t header_fields = 256;
  /// Largest request target in bytes, more is 414. 256..
  std::size_t target_bytes = 16 * 1024;
  /// Most inbound requests in flight, more are 503 at once; 0: no limit. The calls of admitted ones are not counted: to
  /// refuse them would throw away work that was accepted.
  std::size_t requests = 0;
  /// Most bytes in the buffers of all connections, shared evenly by the shards. Over it requests are 503 and nothing is
  /// accepted; over half of it bodies move in smaller pieces. 1 MiB..
  std::size_t memory = 128 * 1024 * 1024;
  /// Most downstream connections of the process; more wait in the backlog. 1..
  std::size_t connections = 10000;
  /// Most idle upstream connections kept, per shard and endpoint; 0: none is kept.
  std::size_t idle_upstream_connections = 1024;
  /// Field that tells the caller its trace id (decision 15): "" off, "traceresponse", "server-timing", or a field name.
  std::string response_header;
};

}  // namespace sidespan::forward

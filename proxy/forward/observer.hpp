// SPDX-License-Identifier: Apache-2.0
//
// What an exchange reports when it starts and ends, for metrics and the access log. Implemented by app over the shard's
// metrics registry, and by tests. A shard's thread; must not block.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "base/fault.hpp"
#include "forward/limit.hpp"
#include "forward/tunnel.hpp"
#include "http/head.hpp"
#include "trace/context.hpp"
#include "upstream/events.hpp"

namespace sidespan::forward {

/// One finished exchange; views are valid during the call.
struct finished_exchange {
  bool inbound = true;
  std::string_view listener;
  std::string_view method;      // known method or _OTHER
  std::string_view target;      // raw, for the access log only
  std::string_view first_line;  // raw and unchecked, when there is no method because the request could not be read
  std::string_view route;       // template, may be empty
  std::string_view server;      // outbound: server.address
  std::uint16_t port = 0;       // outbound: server.port
  std::string_view peer;        // downstream address
  int status = 0;               // sent to the downstream; 0: none
  base::fault_code fault = base::fault_code::none;
  bool status_is_error = false;  // error.type is the status code
  base::nanoseconds duration{0};
  base::nanoseconds response_after{-1};  // from begin to the upstream's final head; negative: none, or nobody asked
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::string_view upstream;  // host of the endpoint it was sent to; empty: none
  std::uint16_t upstream_port = 0;
  std::uint32_t attempts = 0;
  const http::request_head* request = nullptr;
  const trace::context* context = nullptr;  // null: untraced
};

/// One finished tunnel, or one that could not be begun; views are valid during the call.
struct finished_tunnel {
  bool inbound = true;
  tunnel_kind kind = tunnel_kind::tcp;
  tunnel_end end = tunnel_end::cut;
  std::string_view listener;
  std::string_view server;  // outbound: where it led to
  std::uint16_t port = 0;
  std::string_view peer;      // downstream address
  std::string_view upstream;  // opaque TCP: the endpoint that was reached, `host:port` or a path; empty: none
  base::fault_code fault = base::fault_code::none;
  base::nanoseconds duration{0};
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  const trace::context* context = nullptr;  // null: untraced
};

class observer : public upstream::events {
 public:
  virtual void exchange_started(bool inbound) noexcept = 0;
  virtual void exchange_finished(const finished_exchange& what) noexcept = 0;
  /// An outbound request was linked: the method of the ladder, and what came of it (`linked`, `ambiguous`, `root`).
  virtual void linked(std::string_view method, std::string_view result) noexcept = 0;
  virtual void tunnel_opened(tunnel_kind kind) noexcept = 0;
  virtual void tunnel_closed(tunnel_kind kind) noexcept = 0;
  /// It ended, or could not be begun (tunnel_end::connect_failed).
  virtual void tunnel_finished(const finished_tunnel& what) noexcept = 0;
  /// A limit was met: a request was refused, a response cut, or accepting paused.
  virtual void limited(limit which) noexcept = 0;
  virtual void connection_accepted(bool inbound) noexcept = 0;
  virtual void connection_closed(bool inbound) noexcept = 0;
};

/// A tunnel is one of the open ones from count() to the end of this.
class open_tunnel {
 public:
  open_tunnel() = default;
  open_tunnel(const open_tunnel&) = delete;
  open_tunnel& operator=(const open_tunnel&) = delete;
  ~open_tunnel() {
    if (seen_ != nullptr) seen_->tunnel_closed(kind_);
  }

  /// At most once, and before anybody is told that there is a tunnel: who has been told finds it counted.
  void count(observer& seen, tunnel_kind kind) noexcept {
    seen_ = &seen;
    kind_ = kind;
    seen.tunnel_opened(kind);
  }

 private:
  observer* seen_ = nullptr;
  tunnel_kind kind_ = tunnel_kind::tcp;
};

}  // namespace sidespan::forward

// SPDX-License-Identifier: Apache-2.0
//
// What a pool has to tell about its clusters, for metrics. Implemented by app through forward::observer; a shard's
// thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sidespan::upstream {

enum class event : std::uint8_t {
  ejected,      // an endpoint is left alone for a while
  panic,        // all are ejected, so all are used
  dns_changed,  // a name has other addresses than before
  dns_failed,   // a name could not be looked up; the addresses before, if any, stay
  queued,       // a request had to wait for a connection
  refused,      // the queue was full, or the wait too long
  retried,      // a request was sent once more
  not_retried,  // the budget of retries was used up
};
std::string_view name(event what) noexcept;

class events {
 public:
  virtual ~events() = default;
  virtual void upstream_event(std::string_view cluster, event what) noexcept = 0;
  /// Connections that opened (+1) or closed (-1).
  virtual void upstream_connections(int change) noexcept = 0;
};

}  // namespace sidespan::upstream

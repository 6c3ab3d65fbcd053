// SPDX-License-Identifier: Apache-2.0
//
// A listener as its connections on one shard see it. It stays while reloads exchange the leg behind it, and outlives
// its last connection. Owned by app/shard; a shard's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "forward/leg.hpp"

namespace sidespan::forward {

struct door {
  explicit door(std::shared_ptr<const forward::leg> now) : leg(std::move(now)), inbound(leg->inbound()) {}
  door(const door&) = delete;
  door& operator=(const door&) = delete;

  /// For the exchange that begins next. A closed door keeps its last one, for those that came in while it closed.
  std::shared_ptr<const forward::leg> leg;
  const bool inbound;
  /// The configuration has this listener no more: its connections end with their exchange.
  bool closed = false;
  std::size_t connections = 0;
};

}  // namespace sidespan::forward

// SPDX-License-Identifier: Apache-2.0
//
// What the configuration says at one time. A snapshot is immutable, made by app on the control thread and shared by all
// shards; a shard holds it as `held_snapshot`, and so does every exchange, from begin to end: a reload changes nothing
// for an exchange that is under way (ADR 15).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "forward/leg.hpp"
#include "forward/settings.hpp"
#include "trace/exclude.hpp"
#include "trace/settings.hpp"

namespace sidespan::forward {

struct snapshot {
  settings forward;
  trace::settings trace;
  trace::exclusion exclusion;
  /// One per listener; unchanged ones are those of the snapshot before.
  std::vector<std::shared_ptr<const leg>> legs;
  /// Every port that this process listens on: the forward proxy does not go there (decision 18).
  std::vector<std::uint16_t> own_ports;
};

/// A snapshot kept alive by one shard and its exchanges. Counted without atomics: copies stay on the shard's thread.
class held_snapshot {
 public:
  held_snapshot() = default;
  explicit held_snapshot(std::shared_ptr<const snapshot> what) : node_(new node{std::move(what), 1}) {}
  held_snapshot(const held_snapshot& other) noexcept : node_(other.node_) {
    if (node_ != nullptr) ++node_->holders;
  }
  held_snapshot(held_snapshot&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  held_snapshot& operator=(held_snapshot other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~held_snapshot() {
    if (node_ != nullptr && --node_->holders == 0) delete node_;
  }

  const snapshot& operator*() const noexcept { return *node_->what; }
  const snapshot* operator->() const noexcept { return node_->what.get(); }

 private:
  struct node {
    std::shared_ptr<const snapshot> what;
    std::size_t holders;
  };
  node* node_ = nullptr;
};

}  // namespace sidespan::forward

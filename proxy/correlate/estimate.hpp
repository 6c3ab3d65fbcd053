// SPDX-License-Identifier: Apache-2.0
//
// The background estimate: how likely is it that an outbound call was caused by an inbound request at all? Heartbeats,
// polling and what an application does after it has answered also happen while requests are in flight; they betray
// themselves by happening when none is. Used by the ladder under its mutex; no clock of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "correlate/ledger.hpp"

namespace sidespan::correlate {

/// Which background estimate a call belongs to: cluster × method × route template (views, copied inside; bounded set).
struct endpoint_key {
  std::string_view cluster;
  std::string_view method;
  std::string_view route;
  friend bool operator==(const endpoint_key&, const endpoint_key&) = default;
};

/// How many inbound exchanges were in flight when a call left.
enum class company : std::uint8_t { none, one, several };

/// The formula: calls and seconds with none in flight against calls and seconds in the state the call was made in, this
/// call not included in the first and the time until now included in the second. Chance that the call was caused, 0..1.
struct tally {
  double calls = 0.0;
  double seconds = 0.0;
};
double chance_caused(const tally& none, const tally& state) noexcept;

class background_estimate {
 public:
  static constexpr std::size_t endpoint_limit = 1024;
  /// What is this old counts half: long enough to know a heartbeat of one a minute, short enough that an application
  /// that changed its ways is believed after an hour.
  static constexpr base::nanoseconds half_life = std::chrono::minutes(10);

  explicit background_estimate(std::size_t limit = endpoint_limit) : limit_(limit) {}

  struct call {
    endpoint_key endpoint;
    company with = company::none;
    ledger::occupancy times;  // at `now`
    base::steady_time since;  // the exchange in flight began, or the oldest of several; unused with none
    base::steady_time now;
  };
  /// Chance that the call was caused by an exchange in flight (0 with none); counts it. At most `limit` endpoints are
  /// told apart, further ones share one estimate.
  double observe(const call& call);
  std::size_t endpoints() const noexcept { return endpoints_.size(); }

 private:
  struct counts {
    std::array<double, 3> calls{};  // by company
    base::steady_time last;
    double idle_before = 0.0;  // seconds with none in flight before the first call, decayed
  };
  struct owned_key {
    std::string cluster, method, route;
    operator endpoint_key() const noexcept { return {cluster, method, route}; }
  };
  struct hash {
    using is_transparent = void;
    std::size_t operator()(const endpoint_key& key) const noexcept;
  };
  struct equal {
    using is_transparent = void;
    bool operator()(const endpoint_key& a, const endpoint_key& b) const noexcept { return a == b; }
  };

  void advance(const call& call) noexcept;
  double idle_seconds(const counts& known) const noexcept;
  void add(const std::array<double, 3>& spent) noexcept;
  counts& of(const endpoint_key& key, base::steady_time now);

  std::size_t limit_;
  std::unordered_map<owned_key, counts, hash, equal> endpoints_;
  counts others_;
  std::array<double, 3> seconds_{};  // process-wide, decayed, by company
  ledger::occupancy seen_;           // totals up to which seconds_ has been brought
};

}  // namespace sidespan::correlate

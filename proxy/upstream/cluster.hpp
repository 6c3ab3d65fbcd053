// SPDX-License-Identifier: Apache-2.0
//
// The endpoints of one cluster as a shard sees them: which there are, how they fare, which is next (stage pick). The
// addresses of a name are endpoints of their own; of a name with addresses of both families one family is used and the
// other is what remains when that does not connect. Neither resolves nor connects: pool does. A shard's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/connector.hpp"
#include "upstream/connection.hpp"
#include "upstream/health.hpp"

namespace sidespan::upstream {

/// One endpoint: an address of a name, a literal address, or a unix socket.
struct member {
  net::destination where;
  std::string name;        // for logs
  std::size_t origin = 0;  // which configured endpoint it is, or is an address of
  bool fallback = false;   // of the family that is not used
  bool gone = false;       // the name has other addresses now
  health state;
  std::uint32_t in_flight = 0;
  idle_connections idle;
};

class cluster {
 public:
  using time = health::time;
  using clock = time (*)();

  cluster(cluster_settings settings, std::uint64_t seed, clock now = &std::chrono::steady_clock::now);

  const cluster_settings& settings() const noexcept { return settings_; }

  /// The endpoint for a request; never null once there is a member. `avoid` is taken only when there is no other.
  /// `panic` is set when all were ejected and one of them is given nevertheless.
  member* pick(const member* avoid, bool& panic) noexcept;
  /// In which order to connect, `first` first: the others that are fit, then those of the other family.
  std::vector<member*> order(member& first);

  void succeeded(member& at) noexcept { at.state.success(settings_.policy); }
  /// True: it is ejected now.
  bool failed(member& at) noexcept;
  /// It connected where the family in use did not.
  void prefer_family_of(const member& at) noexcept;

  /// The addresses that a configured endpoint has now. True: they are others than before, and the members that went are
  /// in `retired()`.
  bool update(std::size_t origin, const net::addresses& found);
  /// Members that are no longer picked; kept while they have requests in flight.
  std::vector<std::unique_ptr<member>>& retired() noexcept { return retired_; }
  const std::vector<std::unique_ptr<member>>& members() const noexcept { return members_; }

 private:
  void choose_family(std::size_t origin) noexcept;
  void reserve(std::size_t members);
  void gather() noexcept;
  bool fit(const member& at, const member* avoid, time now) const noexcept;
  member* draw(const std::vector<member*>& from) noexcept;
  std::uint64_t random() noexcept;

  const cluster_settings settings_;
  const clock now_;
  std::vector<std::unique_ptr<member>> members_;
  std::vector<std::unique_ptr<member>> retired_;
  std::vector<member*> used_;   // all but the fallback ones
  std::vector<member*> drawn_;  // pick's own
  time ejected_until_{};        // nobody is ejected after this
  std::size_t turn_ = 0;
  std::uint64_t random_;
};

}  // namespace sidespan::upstream

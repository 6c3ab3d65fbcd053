// SPDX-License-Identifier: Apache-2.0
//
// The ledger of inbound exchanges in flight, one per process (decision 6): fixed slots with atomics, published before the
// request head goes to the app. Written by the shard that owns the inbound exchange, read by any shard when an outbound
// request has no context. Entries are small copies, so a reader never waits for a writer. Tunnels and endless streams
// leave it through mark_endless(): calls they cause are background.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "trace/context.hpp"

namespace sidespan::correlate {

/// What an outbound exchange may learn about an inbound one; a copy.
struct in_flight {
  trace::context context;  // of the inbound SERVER span: parent for what it causes
  base::steady_time since;
  std::uint64_t serial = 0;  // order of publication in this process, from 1
};

class ledger {
 public:
  static constexpr std::size_t state_capacity = 512;       // longer tracestate is not kept here
  static constexpr std::size_t request_id_capacity = 128;  // longer ids do not take part in rung 1

  /// `slots`: most inbound exchanges that can be in flight at once; further ones are counted but have no slot, and while
  /// there are any, nobody is "exclusive".
  explicit ledger(std::size_t slots = 4096);
  ~ledger();

  /// One inbound exchange in flight; leaves the ledger when destroyed. Movable, empty when moved from. `ids` are the values
  /// of the correlation id fields (x-request-id ...), compared byte for byte.
  class entry {
   public:
    entry() = default;
    entry(entry&& other) noexcept;
    entry& operator=(entry&& other) noexcept;
    ~entry();
    /// From now on this exchange does not count as in flight (upgrade, SSE, long poll).
    void mark_endless() noexcept;

   private:
    friend class ledger;
    ledger* owner_ = nullptr;
    std::uint32_t slot_ = 0;
    bool endless_ = false;
  };
  [[nodiscard]] entry publish(const trace::context& context, base::steady_time now, std::string_view request_id);

  /// Exchanges in flight now, those without a slot included.
  std::size_t count() const noexcept;
  /// Up to `most` entries, oldest first, appended to `out`; returns count() of the same moment as nearly as can be had.
  std::size_t snapshot(std::size_t most, std::vector<in_flight>& out) const;
  /// The one in flight exchange with this id; false when none or several have it.
  bool find_by_request_id(std::string_view id, in_flight& out) const;

  /// Time spent with none, exactly one, several in flight, since construction; for the background estimate.
  struct occupancy {
    base::nanoseconds none{0}, one{0}, several{0};
  };
  occupancy time_by_occupancy(base::steady_time now) const;

  ledger(const ledger&) = delete;
  ledger& operator=(const ledger&) = delete;

 private:
  struct slot;
  struct shared;
  std::unique_ptr<shared> shared_;
};

}  // namespace sidespan::correlate

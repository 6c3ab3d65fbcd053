// SPDX-License-Identifier: Apache-2.0
//
// The ledger of inbound exchanges in flight, one per process (decision 6): fixed slots with atomics, published before
// the request head goes to the app. Written by the shard that owns the inbound exchange, read by any shard when an
// outbound request has no context. Entries are small copies, so a reader never waits for a writer. Tunnels and endless
// streams leave it through mark_endless(): calls they cause are background.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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

  /// `slots`: most inbound exchanges that can be in flight at once; further ones are counted but have no slot, and
  /// while there are any, nobody is "exclusive" and no id is unique. `clock` says when exchanges leave; it must outlive
  /// the ledger (without one: the system clock).
  explicit ledger(std::size_t slots = 4096);
  ledger(std::size_t slots, const base::clock& clock);
  ~ledger();

  /// One inbound exchange in flight; leaves the ledger when destroyed. Movable, empty when moved from.
  class entry {
   public:
    entry() = default;
    entry(entry&& other) noexcept;
    entry& operator=(entry&& other) noexcept;
    ~entry();
    /// From now on this exchange does not count as in flight (upgrade, SSE, long poll) and its slot is free.
    void mark_endless() noexcept;

   private:
    friend class ledger;
    void leave() noexcept;
    ledger* owner_ = nullptr;
    std::uint32_t slot_ = 0;
    bool endless_ = false;
  };
  /// `request_id` is the value of the first correlation id field (x-request-id ...); empty: takes no part in rung 1.
  [[nodiscard]] entry publish(const trace::context& context, base::steady_time now, std::string_view request_id);

  /// Exchanges in flight now, those without a slot included.
  std::size_t count() const noexcept;
  /// Tunnels and endless streams that are open and not in count().
  std::size_t endless() const noexcept;
  /// Up to `most` entries, appended to `out`; returns the highest count() seen meanwhile, so an exchange that came or
  /// went while we looked makes the answer larger than `out`, never smaller.
  enum class order : std::uint8_t { oldest_first, newest_first };
  std::size_t snapshot(std::size_t most, std::vector<in_flight>& out, order order = order::oldest_first) const;
  /// The only exchange in flight; nullopt when there is none, another one, or one without a slot.
  std::optional<in_flight> sole() const;
  /// The one in flight exchange with this id; false when none or several have it.
  bool find_by_request_id(std::string_view id, in_flight& out) const;

  /// Time spent with none, exactly one, several in flight, since construction; for the background estimate.
  struct occupancy {
    base::nanoseconds none{0}, one{0}, several{0};  // add up to the time since construction
    base::steady_time changed;                      // when the present state of the three began
  };
  occupancy time_by_occupancy(base::steady_time now) const;

  ledger(const ledger&) = delete;
  ledger& operator=(const ledger&) = delete;

 private:
  struct shared;
  std::unique_ptr<shared> shared_;
};

}  // namespace sidespan::correlate

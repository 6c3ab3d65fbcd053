// SPDX-License-Identifier: Apache-2.0
#include "correlate/ledger.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "correlate/occupancy.hpp"
#include "correlate/slot_array.hpp"

namespace sidespan::correlate {
namespace {

const base::system_clock system_time;

}  // namespace

struct ledger::shared {
  shared(std::size_t count, const base::clock& clock) : slots(count), occupied(clock) {}
  slot_array slots;
  alignas(64) occupancy_record occupied;
  alignas(64) std::atomic<std::uint64_t> published{0};
  std::atomic<std::size_t> without_slot{0};
  std::atomic<std::size_t> endless{0};
};

ledger::ledger(std::size_t slots) : ledger(slots, system_time) {}
ledger::ledger(std::size_t slots, const base::clock& clock) : shared_(std::make_unique<shared>(slots, clock)) {}
ledger::~ledger() = default;

// Counted before it can be seen, and seen no more before it stops counting: a reader in between finds fewer exchanges
// than the count says and takes nobody for the only one.
ledger::entry ledger::publish(const trace::context& context, base::steady_time now, std::string_view request_id) {
  shared& s = *shared_;
  s.occupied.enter(now);
  entry made;
  made.owner_ = this;
  made.slot_ = s.slots.claim();
  if (made.slot_ == slot_array::no_slot) {
    s.without_slot.fetch_add(1, std::memory_order_acq_rel);
    return made;
  }
  const std::uint64_t serial = s.published.fetch_add(1, std::memory_order_relaxed) + 1;
  s.slots.publish(made.slot_, {context, now, serial, request_id});
  return made;
}

void ledger::entry::leave() noexcept {
  shared& s = *owner_->shared_;
  if (slot_ == slot_array::no_slot) {
    s.without_slot.fetch_sub(1, std::memory_order_acq_rel);
  } else {
    s.slots.release(slot_);
  }
  s.occupied.leave();
}

void ledger::entry::mark_endless() noexcept {
  if (owner_ == nullptr || endless_) return;
  leave();
  endless_ = true;
  owner_->shared_->endless.fetch_add(1, std::memory_order_relaxed);
}

ledger::entry::~entry() {
  if (owner_ == nullptr) return;
  if (endless_) {
    owner_->shared_->endless.fetch_sub(1, std::memory_order_relaxed);
  } else {
    leave();
  }
}

ledger::entry::entry(entry&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), slot_(other.slot_), endless_(other.endless_) {}

ledger::entry& ledger::entry::operator=(entry&& other) noexcept {
  entry taken(std::move(other));
  std::swap(owner_, taken.owner_);
  std::swap(slot_, taken.slot_);
  std::swap(endless_, taken.endless_);
  return *this;
}

std::size_t ledger::count() const noexcept { return shared_->occupied.count(); }
std::size_t ledger::endless() const noexcept { return shared_->endless.load(std::memory_order_relaxed); }

std::size_t ledger::snapshot(std::size_t most, std::vector<in_flight>& out, enum order order) const {
  struct place {
    std::uint64_t serial;
    std::uint32_t slot;
  };
  const std::size_t before = count();
  std::vector<place> found;
  found.reserve(before);
  shared_->slots.for_each([&](std::uint32_t slot, std::uint64_t serial) { found.push_back({serial, slot}); });
  const std::size_t wanted = std::min(most, found.size());
  const auto end_of_wanted = found.begin() + static_cast<std::ptrdiff_t>(wanted);
  const auto sooner = [order](const place& a, const place& b) {
    return order == order::oldest_first ? a.serial < b.serial : a.serial > b.serial;
  };
  // Not partial_sort: slots tend to be in order of age, its worst case when the newest are wanted.
  if (wanted < found.size()) std::nth_element(found.begin(), end_of_wanted, found.end(), sooner);
  std::sort(found.begin(), end_of_wanted, sooner);
  for (auto it = found.begin(); it != end_of_wanted; ++it) {
    in_flight copy;
    if (shared_->slots.read(it->slot, it->serial, copy)) out.push_back(std::move(copy));
  }
  return std::max({before, count(), found.size()});
}

std::optional<in_flight> ledger::sole() const {
  if (count() != 1) return std::nullopt;
  std::size_t seen = 0;
  std::uint32_t last_slot = 0;
  in_flight found;
  shared_->slots.for_each([&](std::uint32_t slot, std::uint64_t serial) {
    ++seen;
    last_slot = slot;
    found.serial = serial;
  });
  if (seen != 1 || !shared_->slots.read(last_slot, found.serial, found) || count() != 1) return std::nullopt;
  return found;
}

bool ledger::find_by_request_id(std::string_view id, in_flight& out) const {
  const shared& s = *shared_;
  // Whoever has no slot may carry the same id: then no match is known to be the only one.
  if (id.empty() || id.size() > request_id_capacity || s.without_slot.load(std::memory_order_acquire) != 0)
    return false;
  const std::uint64_t hash = slot_array::hash_of(id);
  std::size_t matches = 0;
  std::uint32_t where = 0;
  std::uint64_t serial_there = 0;
  s.slots.for_each([&](std::uint32_t slot, std::uint64_t serial) {
    if (!s.slots.has_id(slot, serial, id, hash)) return;
    ++matches;
    where = slot;
    serial_there = serial;
  });
  return matches == 1 && s.slots.read(where, serial_there, out);
}

ledger::occupancy ledger::time_by_occupancy(base::steady_time now) const { return shared_->occupied.times(now); }

}  // namespace sidespan::correlate

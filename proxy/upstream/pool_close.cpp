// SPDX-License-Identifier: Apache-2.0
#include "upstream/group.hpp"
#include "upstream/pool.hpp"

// How connections of a pool end: which gives way when there are too many, and who is told that there is room.

namespace sidespan::upstream {

/// One connection less: whoever waits may open another.
void pool::closed(group& of) noexcept {
  --of.open;
  --open_;
  if (of.waiting.empty()) return;
  waiter& next = *of.waiting.front();
  of.waiting.pop_front();
  next.may_open = true;
  ++of.open;
  ++open_;
  next.ready.set();
}

void pool::remove(connection& expired) noexcept {
  group& of = expired.cluster;
  count_idle(-1);
  --of.idle;
  expired.to.idle.remove(expired);
  closed(of);
}

void pool::on_expiry(void* idle) noexcept {
  auto& expired = *static_cast<connection*>(idle);
  expired.owner.remove(expired);
}

/// Members of former addresses go when nothing is in flight on them any more.
void pool::drop_retired(group& of) noexcept {
  for (const auto& each : of.cluster.retired()) {
    while (!each->idle.empty()) remove(each->idle.oldest());
  }
  std::erase_if(of.cluster.retired(), [](const auto& each) { return each->in_flight == 0; });
}

// Giving way

/// An idle connection to another endpoint gives way: it may be needed, this one is. Where a `fresh` one is asked for,
/// those to the same endpoint do as well: they had no turn before.
bool pool::make_room(group& of, const member& for_one, bool fresh) noexcept {
  if (!of.waiting.empty()) return false;
  for (const auto& each : of.cluster.members()) {
    if (each->idle.empty() || (!fresh && each.get() == &for_one)) continue;
    remove(each->idle.oldest());
    return true;
  }
  return false;
}

bool pool::close_one_idle() noexcept {
  connection* first = nullptr;
  for (const auto& [key, of] : clusters_) {
    for (const auto& each : of->cluster.members()) {
      if (each->idle.empty()) continue;
      connection& oldest = each->idle.oldest();
      if (first == nullptr || oldest.expiry.left() < first->expiry.left()) first = &oldest;
    }
  }
  if (first != nullptr) remove(*first);
  return first != nullptr;
}

void pool::keep_open(std::size_t most) noexcept {
  most_open_ = most;
  make_way();
}

void pool::count_one_more() noexcept {
  ++open_;
  make_way();
}

void pool::make_way() noexcept {
  while (open_ > most_open_ && close_one_idle()) {
  }
}

void pool::close_idle() noexcept {
  closing_ = true;
  connector_.stop();
  for (auto& [key, of] : clusters_) {
    for (const auto& each : of->cluster.members()) {
      while (!each->idle.empty()) remove(each->idle.oldest());
    }
    for (waiter* each : of->waiting) each->ready.set();
    of->waiting.clear();
    for (net::event* each : of->unresolved) each->set();
  }
}

}  // namespace sidespan::upstream

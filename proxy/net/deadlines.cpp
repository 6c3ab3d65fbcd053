// SPDX-License-Identifier: Apache-2.0
#include "net/deadlines.hpp"

#include <ctime>
#include <new>

namespace sidespan::net {

using std::chrono::steady_clock;

deadlines::deadlines(asio::io_context& loop) : timer_(loop.get_executor()), done_tick_(now_tick()) {}

namespace {

std::uint64_t tick_of(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>((std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec)) /
                                    deadlines::tick);
}

}  // namespace

// The clock of std::chrono::steady_clock, which the timer goes by: with a lagging one the wheel would turn in vain.
std::uint64_t deadlines::now_tick() noexcept { return tick_of(CLOCK_MONOTONIC); }

// A fifth of the cost, and at most one kernel tick (10 ms) behind.
std::uint64_t deadlines::recent_tick() noexcept { return tick_of(CLOCK_MONOTONIC_COARSE); }

void deadlines::link(deadline& entry) noexcept {
  // No timer means an empty wheel: nothing between the last turn and now needs a look.
  if (wake_tick_ == 0 && !turning_ && !overdue_) done_tick_ = now_tick();
  // An entry further away than one turn is parked in the last slot of this turn and looked at again there.
  const std::uint64_t last = done_tick_ + slots - 1;
  entry.slot_tick_ = entry.due_tick_ < last ? entry.due_tick_ : last;
  if (entry.slot_tick_ <= done_tick_) entry.slot_tick_ = done_tick_ + 1;
  deadline*& head = wheel_[entry.slot_tick_ % slots];
  entry.next_ = head;
  entry.previous_ = &head;
  if (head != nullptr) head->previous_ = &entry.next_;
  head = &entry;
  if (wake_tick_ == 0 || entry.slot_tick_ < wake_tick_) wake_at(entry.slot_tick_);
}

void deadlines::wake_at(std::uint64_t tick_number) noexcept {
  wake_tick_ = tick_number;
  overdue_ = false;
  try {
    timer_.expires_at(steady_clock::time_point(tick * tick_number));
    timer_.async_wait([this](const error_code& ec) {
      if (!ec) on_timer();
    });
  } catch (const std::bad_alloc&) {
    wake_tick_ = 0;  // the next that is linked tries again, and no slot is forgotten
    overdue_ = true;
  }
}

void deadlines::on_timer() noexcept {
  wake_tick_ = 0;
  turning_ = true;
  const std::uint64_t now = now_tick();
  while (done_tick_ < now) {
    const std::uint64_t at = ++done_tick_;
    expire_slot(at, now);
    if (now - done_tick_ > slots) done_tick_ = now - slots;  // the process slept: one turn sees every slot
  }
  turning_ = false;
  for (std::uint64_t ahead = 1; ahead < slots; ++ahead) {
    if (wheel_[(done_tick_ + ahead) % slots] == nullptr) continue;
    if (wake_tick_ == 0 || done_tick_ + ahead < wake_tick_) wake_at(done_tick_ + ahead);
    return;
  }
}

void deadlines::expire_slot(std::uint64_t at, std::uint64_t now) noexcept {
  // Taken off first: an action may arm, disarm or destroy any deadline, this slot's included.
  deadline* pending = wheel_[at % slots];
  wheel_[at % slots] = nullptr;
  if (pending != nullptr) pending->previous_ = &pending;
  while (pending != nullptr) {
    deadline& entry = *pending;
    entry.unlink();
    if (entry.due_tick_ == 0) continue;  // disarmed meanwhile
    if (entry.due_tick_ > now) {
      link(entry);
      continue;
    }
    entry.due_tick_ = 0;
    entry.action_(entry.context_);
  }
}

std::chrono::milliseconds deadline::left() const noexcept {
  const std::uint64_t now = deadlines::recent_tick();
  return due_tick_ <= now ? std::chrono::milliseconds(0) : deadlines::tick * static_cast<std::int64_t>(due_tick_ - now);
}

void deadline::arm(std::chrono::milliseconds after) noexcept {
  if (after.count() <= 0) return disarm();
  // Rounded up, one more for the part of the present tick that is over, and one because the coarse clock lags: never
  // early.
  const auto ticks =
      static_cast<std::uint64_t>((after + deadlines::tick - std::chrono::milliseconds(1)) / deadlines::tick);
  due_tick_ = deadlines::recent_tick() + ticks + 2;
  if (previous_ != nullptr && slot_tick_ <= due_tick_) return;  // will be looked at early enough
  unlink();
  wheel_.link(*this);
}

void deadline::unlink() noexcept {
  if (previous_ == nullptr) return;
  *previous_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  next_ = nullptr;
  previous_ = nullptr;
}

}  // namespace sidespan::net

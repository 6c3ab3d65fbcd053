// SPDX-License-Identifier: Apache-2.0
#include "correlate/occupancy.hpp"

#include <algorithm>
#include <thread>

namespace sidespan::correlate {

class occupancy_record::guard {
 public:
  explicit guard(std::atomic_flag& busy) noexcept : busy_(busy) {
    while (busy_.test_and_set(std::memory_order_acquire)) wait();
  }
  ~guard() { busy_.clear(std::memory_order_release); }
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;

 private:
  // The owner may have lost its processor: on a small machine it only goes on if we give ours up.
  void wait() const noexcept {
    for (int spins = 0; busy_.test(std::memory_order_relaxed); ++spins) {
      if (spins >= 64) std::this_thread::yield();
    }
  }
  std::atomic_flag& busy_;
};

void occupancy_record::enter(base::steady_time now) noexcept {
  const guard lock(busy_);
  const std::size_t before = count_.load(std::memory_order_relaxed);
  if (before < 2) account(now);
  count_.store(before + 1, std::memory_order_release);
}

void occupancy_record::leave() noexcept {
  const guard lock(busy_);
  const std::size_t before = count_.load(std::memory_order_relaxed);
  if (before <= 2) account(clock_.steady());
  count_.store(before - 1, std::memory_order_release);
}

// Shards read the clock at different moments of their turn: a step back counts as no time, so that the sum stays true.
void occupancy_record::account(base::steady_time now) noexcept {
  now = std::max(now, last_);
  const std::size_t state = std::min<std::size_t>(count_.load(std::memory_order_relaxed), 2);
  spent_[state] += now - last_;
  last_ = changed_ = now;
}

ledger::occupancy occupancy_record::times(base::steady_time now) const noexcept {
  const guard lock(busy_);
  std::array<base::nanoseconds, 3> spent = spent_;
  const std::size_t state = std::min<std::size_t>(count_.load(std::memory_order_relaxed), 2);
  spent[state] += std::max(now, last_) - last_;
  return {spent[0], spent[1], spent[2], changed_};
}

}  // namespace sidespan::correlate

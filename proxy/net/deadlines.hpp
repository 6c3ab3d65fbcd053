// SPDX-License-Identifier: Apache-2.0
//
// Deadlines of one shard: a hashed wheel of 10 ms slots (decision 8). Arming and disarming touch memory only; one
// timer drives the wheel and sleeps until the next occupied slot. A deadline that is put off stays where it is and is
// moved when its old slot comes round, so re-arming on every read costs a store. One thread, the shard's.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "net/task.hpp"

namespace sidespan::net {

class deadlines;

/// One thing to happen later. Disarms itself when destroyed. Not movable: the wheel links to it.
class deadline {
 public:
  /// Called on the shard's thread, once per arming.
  using action = void (*)(void* context) noexcept;

  deadline(deadlines& wheel, action on_expiry, void* context) noexcept
      : wheel_(wheel), action_(on_expiry), context_(context) {}
  ~deadline() { unlink(); }
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;

  /// From now on; never early while the clock of the kernel ticks in time (every 10 ms), at most 40 ms late. A duration
  /// of 0 or less disarms: "no limit".
  void arm(std::chrono::milliseconds after) noexcept;
  /// The wheel forgets it when it next comes by.
  void disarm() noexcept { due_tick_ = 0; }
  bool armed() const noexcept { return due_tick_ != 0; }
  /// Until it expires, about as exact as that is; 0 when it is not armed.
  std::chrono::milliseconds left() const noexcept;

 private:
  friend class deadlines;
  void unlink() noexcept;

  deadlines& wheel_;
  action action_;
  void* context_;
  std::uint64_t due_tick_ = 0;   // 0: not armed
  std::uint64_t slot_tick_ = 0;  // the tick at which the wheel will look at it
  deadline* next_ = nullptr;
  deadline** previous_ = nullptr;
};

class deadlines {
 public:
  explicit deadlines(asio::io_context& loop);
  deadlines(const deadlines&) = delete;
  deadlines& operator=(const deadlines&) = delete;

  static constexpr std::chrono::milliseconds tick{10};

 private:
  friend class deadline;
  static constexpr std::size_t slots = 512;  // 5.12 s a turn

  static std::uint64_t now_tick() noexcept;
  static std::uint64_t recent_tick() noexcept;
  void link(deadline& entry) noexcept;
  void wake_at(std::uint64_t tick) noexcept;
  void on_timer() noexcept;
  void expire_slot(std::uint64_t at, std::uint64_t now) noexcept;

  timer timer_;
  std::array<deadline*, slots> wheel_{};
  std::uint64_t done_tick_;      // every slot up to here has been looked at
  std::uint64_t wake_tick_ = 0;  // what the timer is set to, 0: not set
  bool turning_ = false;         // on_timer is looking at slots
  bool overdue_ = false;         // there are entries and, for want of memory, no timer
};

}  // namespace sidespan::net

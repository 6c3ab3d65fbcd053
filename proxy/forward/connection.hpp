// SPDX-License-Identifier: Apache-2.0
//
// A downstream connection from accept to close: one exchange after the other. Started by app's listeners; one coroutine
// on the shard's thread, which owns everything below it.
#pragma once

#include <memory>
#include <utility>

#include "forward/door.hpp"
#include "forward/shard.hpp"
#include "trace/recurring.hpp"
#include "wire/h1_server.hpp"

namespace sidespan::forward {

class exchange;

/// A connection's place in the counts that limits and drains go by, from accept to close.
class seat {
 public:
  seat(shard& on, door& at);
  seat(seat&& other) noexcept : shard_(std::exchange(other.shard_, nullptr)), door_(other.door_) {}
  seat& operator=(seat&&) = delete;
  ~seat();

 private:
  shard* shard_;
  door* door_;
};

class connection {
 public:
  connection(shard& on, const door& at, net::accepted from);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  net::task<void> serve();

  /// Where it came in.
  const door& at() const noexcept { return door_; }
  /// First step of a drain: an idle connection closes now, a busy one after its exchange.
  void drain() noexcept;
  /// Second step: whatever is under way ends now.
  void cut() noexcept;
  /// Waits for a request, and for how long; negative: it is busy.
  std::chrono::milliseconds idle_for() const noexcept;
  /// Closes it, so that another one can be accepted. False: bytes of a request have arrived.
  bool give_way() noexcept;

 private:
  void follow_reloads();
  static void on_pulse(void* self) noexcept;

  shard& shard_;
  const door& door_;
  std::size_t reloads_;  // that its limits have followed
  wire::h1_server http_;
  trace::recurring recurring_;
  std::list<connection*>::iterator place_;
  exchange* current_ = nullptr;
  net::deadline pulse_;  // lent to its exchanges, so that each need not link its own
  bool waiting_ = true;  // between exchanges
  bool draining_ = false;
};

/// A connection that has waited for its next request for longer than this gives way when a new one has no place.
inline constexpr std::chrono::milliseconds least_idle{1000};

/// The connection that has been idle longest closes: of all, or of the door `of`. False: none has been idle for
/// `least_idle`.
bool close_idlest(shard& on, const door* of) noexcept;

/// Takes the socket over and serves it until it closes; to be spawned. It counts from this call on.
net::task<void> serve_connection(shard& on, door& at, net::accepted from);

}  // namespace sidespan::forward

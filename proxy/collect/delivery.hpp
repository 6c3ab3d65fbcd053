// SPDX-License-Identifier: Apache-2.0
//
// One batch on its way to the collector: what an outcome means for its spans, and when it is tried again. Pure but for
// the random back-off; used by the worker on its thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/random.hpp"
#include "collect/backoff.hpp"
#include "collect/exporter.hpp"
#include "collect/settings.hpp"

namespace sidespan::collect {

/// What became of all spans of a batch.
struct settlement {
  std::uint64_t acknowledged = 0;
  std::uint64_t lost = 0;
  std::string_view reason;  // of the lost ones; that of the outcome, or a literal
};

class delivery {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `random` outlives it. May be tried at once.
  delivery(parcel spans, const settings& limits, base::random_source& random, time_point now);

  const parcel& spans() const noexcept { return spans_; }
  /// A call with it is under way.
  bool running() const noexcept { return running_; }
  /// When not running: not before this time.
  time_point next_try() const noexcept { return next_try_; }
  /// After this nothing is tried any more.
  time_point give_up() const noexcept { return give_up_; }

  void began(time_point now) noexcept;
  /// nullopt: to be tried again.
  std::optional<settlement> ended(const export_outcome& outcome, time_point now);

 private:
  parcel spans_;
  std::chrono::milliseconds shortest_;
  backoff waits_;
  time_point give_up_;
  time_point next_try_;
  time_point began_;
  bool running_ = false;
};

}  // namespace sidespan::collect

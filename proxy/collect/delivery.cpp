// SPDX-License-Identifier: Apache-2.0
#include "collect/delivery.hpp"

#include <algorithm>
#include <utility>

namespace sidespan::collect {

using std::chrono::milliseconds;

delivery::delivery(parcel spans, const settings& limits, base::random_source& random, time_point now)
    : spans_(std::move(spans)),
      shortest_(std::min(milliseconds(50), limits.retry_initial)),
      waits_(limits.retry_initial, limits.retry_max, random),
      give_up_(now + limits.retry_total),
      next_try_(now),
      began_(now) {}

void delivery::began(time_point now) noexcept {
  began_ = now;
  running_ = true;
}

std::optional<settlement> delivery::ended(const export_outcome& outcome, time_point now) {
  running_ = false;
  const std::uint64_t all = spans_.spans;
  if (outcome.kind == export_outcome::kind::accepted) {
    const std::uint64_t refused = std::min(outcome.refused, all);
    return settlement{all - refused, refused, "partial_success"};  // never retried (specs OT-5)
  }
  if (outcome.kind == export_outcome::kind::rejected) return settlement{0, all, outcome.reason};
  // From the start of the try: one that timed out has waited already. Never a busy loop, though.
  const time_point ours = std::max(began_ + waits_.next(), now + shortest_);
  next_try_ = outcome.retry_after ? now + *outcome.retry_after : ours;
  if (next_try_ >= give_up_) return settlement{0, all, outcome.reason};
  return std::nullopt;
}

}  // namespace sidespan::collect

// SPDX-License-Identifier: Apache-2.0
#include "correlate/estimate.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

namespace sidespan::correlate {
namespace {

double seconds(base::nanoseconds d) noexcept { return static_cast<double>(d.count()) * 1e-9; }

/// Measured in the simulation: fewer cost answers to processes that are seldom idle, more let late starters pass
/// longer.
constexpr double calls_that_halve_the_past = 20.0;

/// Decay per second, as an exponent of e.
const double decay_rate = std::numbers::ln2 / seconds(background_estimate::half_life);

}  // namespace

// Both rates start with one imagined call: an endpoint never seen before is neither surely silent nor surely caused.
// The second in the background rate keeps a process that was never idle from knowing anything about idleness.
double chance_caused(const tally& none, const tally& state) noexcept {
  const double background_rate = (none.calls + 1.0) / (none.seconds + 1.0);
  const double seconds_per_call = state.seconds / (state.calls + 1.0);
  return 1.0 - std::min(1.0, background_rate * seconds_per_call);
}

std::size_t background_estimate::hash::operator()(const endpoint_key& key) const noexcept {
  const std::hash<std::string_view> part;
  std::size_t all = part(key.cluster);
  all = all * 1099511628211U + part(key.method);
  return all * 1099511628211U + part(key.route);
}

double background_estimate::observe(const call& call) {
  advance(call);
  counts& known = of(call.endpoint, call.now);
  const auto state = static_cast<std::size_t>(call.with);
  double chance = 0.0;
  if (call.with != company::none) {
    // The request may be older than the present state (others were in flight beside it): all of its time counts, since
    // all of it could have made the call.
    const double before = std::max(0.0, seconds(call.times.changed - call.since));
    const double idle = idle_seconds(known);
    chance = chance_caused({known.calls[0], idle}, {known.calls[state], seconds_[state] + before});
  }
  known.calls[state] += 1.0;
  return chance;
}

// What was added since the last look is taken as spread evenly over that time, but for the present state's, which is
// the end of it: the first request after a silent night must not be spread over the night. Shards look at slightly
// different times: a total that went back adds nothing.
void background_estimate::advance(const call& call) noexcept {
  const ledger::occupancy& times = call.times;
  std::array<double, 3> earlier{seconds(times.none - seen_.none), seconds(times.one - seen_.one),
                                seconds(times.several - seen_.several)};
  if (earlier[0] + earlier[1] + earlier[2] <= 0.0) return;
  for (double& part : earlier) part = std::max(0.0, part);
  const auto state = static_cast<std::size_t>(call.with);
  std::array<double, 3> present{};
  present[state] = std::clamp(seconds(call.now - times.changed), 0.0, earlier[state]);
  earlier[state] -= present[state];
  add(earlier);
  add(present);
  seen_ = times;
}

void background_estimate::add(const std::array<double, 3>& spent) noexcept {
  const double exponent = decay_rate * (spent[0] + spent[1] + spent[2]);
  if (exponent <= 0.0) return;
  const double kept = std::exp(-exponent);
  const double share = -std::expm1(-exponent) / exponent;
  for (std::size_t state = 0; state < 3; ++state) seconds_[state] = seconds_[state] * kept + spent[state] * share;
}

// Silence from before an endpoint was first called speaks for it at first: why else does it begin now? But whatever
// begins with the first request (a poller, work after the answer in a process that is then never idle) has it on its
// side as well, so the more calls were seen in company, the more of the idle time must be from after the first one. The
// imagined second of chance_caused() fades along.
double background_estimate::idle_seconds(const counts& known) const noexcept {
  const double imagined = 1.0;
  const double in_company = known.calls[1] + known.calls[2];
  const double weight = 1.0 / (1.0 + in_company / calls_that_halve_the_past);
  const double since_first = std::max(0.0, seconds_[0] - known.idle_before);
  return since_first + (known.idle_before + imagined) * weight - imagined;
}

background_estimate::counts& background_estimate::of(const endpoint_key& key, base::steady_time now) {
  auto it = endpoints_.find(key);
  if (it == endpoints_.end() && endpoints_.size() < limit_) {
    owned_key owned{std::string(key.cluster), std::string(key.method), std::string(key.route)};
    it = endpoints_.emplace(std::move(owned), counts{{}, now, seconds_[0]}).first;
  }
  counts& known = it == endpoints_.end() ? others_ : it->second;
  const double kept = std::exp(-decay_rate * std::max(0.0, seconds(now - known.last)));
  for (double& calls : known.calls) calls *= kept;
  known.idle_before *= kept;
  known.last = std::max(known.last, now);
  return known;
}

}  // namespace sidespan::correlate

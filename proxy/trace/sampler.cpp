// SPDX-License-Identifier: Apache-2.0
#include "trace/sampler.hpp"

#include <algorithm>
#include <cmath>

namespace sidespan::trace {
namespace {

constexpr std::uint64_t all_values = std::uint64_t{1} << 56;

/// Subtracting after rounding keeps ratios near 2^-56 exact; `1 - ratio` would not.
std::uint64_t threshold(double ratio) noexcept {
  const double clamped = std::clamp(ratio, 0.0, 1.0);
  return all_values - static_cast<std::uint64_t>(std::llround(std::ldexp(clamped, 56)));
}

/// Right-most 56 bits (SM-3): also random when a 64-bit id was padded on the left.
std::uint64_t randomness(const trace_id& trace) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 9; i < 16; ++i) value = value << 8 | trace.bytes[i];
  return value;
}

std::uint64_t threshold_of(const sampler_settings& settings) noexcept {
  switch (settings.root) {
    case sampler_settings::root_kind::always_on:
      return 0;
    case sampler_settings::root_kind::always_off:
      return all_values;
    case sampler_settings::root_kind::ratio:
      return threshold(settings.ratio);
  }
  return 0;
}

}  // namespace

sampler::sampler(const sampler_settings& settings) : settings_(settings), threshold_(threshold_of(settings)) {}

bool sampler::decide(const context* parent, const trace_id& trace) const noexcept {
  // A span of this process always follows its local parent: half a hop would be recorded otherwise.
  if (parent != nullptr && (settings_.parent_based || !parent->remote)) return parent->sampled();  // SM-1
  return randomness(trace) >= threshold_;                                                          // SM-3
}

}  // namespace sidespan::trace

// SPDX-License-Identifier: Apache-2.0
//
// Trace and span ids: swap-proof values. Pure, any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "base/random.hpp"

namespace sidespan::trace {

struct trace_id {
  std::array<std::uint8_t, 16> bytes{};
  bool valid() const noexcept { return bytes != std::array<std::uint8_t, 16>{}; }
  std::string hex() const;
  friend auto operator<=>(const trace_id&, const trace_id&) = default;
};

struct span_id {
  std::array<std::uint8_t, 8> bytes{};
  bool valid() const noexcept { return bytes != std::array<std::uint8_t, 8>{}; }
  std::string hex() const;
  friend auto operator<=>(const span_id&, const span_id&) = default;
};

/// Uniformly random, never zero (TC-25).
trace_id make_trace_id(base::random_source& random);
span_id make_span_id(base::random_source& random);

}  // namespace sidespan::trace

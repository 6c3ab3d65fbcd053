// SPDX-License-Identifier: Apache-2.0
//
// Head sampling: parent-based over always-on, always-off or ratio (specs §6, SM-1..SM-4, SM-10). Pure, immutable, any
// thread.
#pragma once

#include <cstdint>

#include "trace/context.hpp"
#include "trace/settings.hpp"

namespace sidespan::trace {

class sampler {
 public:
  explicit sampler(const sampler_settings& settings);

  /// `parent` is null for a root. The ratio rule compares the right-most 56 bits of the trace id (SM-3).
  bool decide(const context* parent, const trace_id& trace) const noexcept;

 private:
  sampler_settings settings_;
  std::uint64_t threshold_;  // sampled when the 56-bit value is >= this
};

}  // namespace sidespan::trace

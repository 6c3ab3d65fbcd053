// SPDX-License-Identifier: Apache-2.0
#include "upstream/health.hpp"

#include <algorithm>

namespace sidespan::upstream {

bool health::fault(time now, const policy& by) noexcept {
  successes_ = 0;
  if (by.eject_after == 0 || ejected(now) || ++faults_ < by.eject_after) return false;
  auto length = by.eject_time;
  for (std::uint32_t i = 0; i < ejections_ && length < by.eject_longest; ++i) length *= 2;
  ++ejections_;
  until_ = now + std::min(length, std::max(by.eject_longest, by.eject_time));
  faults_ = by.eject_after - 1;  // back on probation: the next fault ejects it again
  return true;
}

void health::success(const policy& by) noexcept {
  faults_ = 0;
  if (ejections_ != 0 && ++successes_ >= by.eject_after) ejections_ = successes_ = 0;
}

}  // namespace sidespan::upstream

// SPDX-License-Identifier: Apache-2.0
//
// What the faults of real requests say about one endpoint: after some in a row it is ejected for a while, longer each
// time. Nothing is probed. Pure; used by cluster on a shard's thread.
#pragma once

#include <chrono>
#include <cstdint>

#include "upstream/settings.hpp"

namespace sidespan::upstream {

class health {
 public:
  using time = std::chrono::steady_clock::time_point;

  /// True: this one ejects it. Faults that come while it is ejected belong to requests from before and do not count.
  bool fault(time now, const policy& by) noexcept;
  /// Forgets the faults; several in a row forget the ejections as well.
  void success(const policy& by) noexcept;

  bool ejected(time now) const noexcept { return until_ > now; }
  time until() const noexcept { return until_; }

 private:
  time until_{};
  std::uint32_t faults_ = 0;     // in a row
  std::uint32_t successes_ = 0;  // in a row
  std::uint32_t ejections_ = 0;
};

}  // namespace sidespan::upstream

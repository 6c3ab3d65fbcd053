// SPDX-License-Identifier: Apache-2.0
//
// Where live spans leave their record when they finish. Implemented by collect/intake (one per shard) and by tests.
// Called on the shard's thread; offer() must not block, and must count what it does not keep.
#pragma once

#include "trace/record.hpp"

namespace sidespan::trace {

class sink {
 public:
  virtual ~sink() = default;
  /// Empty memory for a new span: that of a span that was offered, if there is one.
  virtual span_fields draft() noexcept { return {}; }
  virtual void offer(record&& finished) noexcept = 0;
};

}  // namespace sidespan::trace

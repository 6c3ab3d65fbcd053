// SPDX-License-Identifier: Apache-2.0
//
// Where live spans leave their record when they finish. Implemented by collect/intake (one per shard) and by tests.
// offer() is called on the shard's thread, must not block, and must count what it does not keep.
#pragma once

#include "trace/record.hpp"

namespace sidespan::trace {

class sink {
 public:
  virtual ~sink() = default;
  virtual void offer(record&& finished) noexcept = 0;
};

}  // namespace sidespan::trace

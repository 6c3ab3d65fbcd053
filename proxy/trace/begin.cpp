// SPDX-License-Identifier: Apache-2.0
#include "trace/begin.hpp"

namespace sidespan::trace {

context begin(const context* parent, const sampler& head, base::random_source& random) {
  context self;
  self.trace = parent != nullptr ? parent->trace : make_trace_id(random);  // SM-4: the id comes before the decision
  self.span = make_span_id(random);
  // TC-24: never set on a trace that came without it, even when its id looks random.
  self.flags = parent != nullptr ? parent->flags & flags::random : flags::random;
  if (head.decide(parent, self.trace)) self.flags = self.flags | flags::sampled;
  if (parent != nullptr) self.state = parent->state;  // SM-10
  return self;
}

}  // namespace sidespan::trace

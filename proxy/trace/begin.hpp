// SPDX-License-Identifier: Apache-2.0
//
// The context of a new span: the ids are drawn and the sampling decision is taken here and nowhere else (stage start).
// Pure; used by forward/exchange on a shard's thread.
#pragma once

#include "base/random.hpp"
#include "trace/context.hpp"
#include "trace/sampler.hpp"

namespace sidespan::trace {

/// Below `parent`: same trace, its random flag and state carried on (TC-24, TC-42), a span id of its own (TC-21).
/// `parent` null: a new trace with the random flag set. The sampled flag is what `head` decides.
context begin(const context* parent, const sampler& head, base::random_source& random);

}  // namespace sidespan::trace

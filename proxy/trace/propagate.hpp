// SPDX-License-Identifier: Apache-2.0
//
// Fields ↔ context (stages extract and inject). Pure apart from the arena the new text is put into; one thread per
// call.
#pragma once

#include <optional>

#include "base/arena.hpp"
#include "http/fields.hpp"
#include "trace/context.hpp"

namespace sidespan::trace {

/// nullopt: no traceparent, or an invalid one (TC-2..TC-11), in which case tracestate is ignored too. `present` on
/// return tells the two apart (may be null).
std::optional<context> extract(const http::fields& from, bool* present = nullptr);

/// Removes every received traceparent and tracestate line (TC-26), then adds ours. `self.state` empty: no tracestate
/// line.
void inject(const context& self, http::fields& to, base::arena& arena);

}  // namespace sidespan::trace

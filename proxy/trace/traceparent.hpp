// SPDX-License-Identifier: Apache-2.0
//
// The value of a `traceparent` field (W3C Trace Context level 2). Pure and free of allocations; used by propagate, any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "trace/context.hpp"
#include "trace/ids.hpp"

namespace sidespan::trace {

struct traceparent {
  trace_id trace;
  span_id parent;
  enum flags flags = flags::none;
  friend bool operator==(const traceparent&, const traceparent&) = default;
};

/// `vv-<trace-id>-<parent-id>-ff`
constexpr std::size_t traceparent_size = 55;

/// One field line. nullopt: not a valid traceparent of any version (TC-3..TC-9). Unknown flag bits are zeroed (TC-10).
std::optional<traceparent> parse_traceparent(std::string_view line) noexcept;

/// Writes traceparent_size bytes of version 00 (TC-20).
void write_traceparent(const traceparent& value, char* out) noexcept;

}  // namespace sidespan::trace

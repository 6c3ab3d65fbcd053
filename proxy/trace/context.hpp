// SPDX-License-Identifier: Apache-2.0
//
// The context: what travels between processes. Pure value, any thread.
#pragma once

#include <cstdint>
#include <string>

#include "trace/ids.hpp"

namespace sidespan::trace {

/// W3C Trace Context level 2 §trace-flags; other bits are zeroed when read (TC-10).
enum class flags : std::uint8_t { none = 0, sampled = 1, random = 2 };
constexpr flags operator|(flags a, flags b) noexcept {
  return static_cast<flags>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr flags operator&(flags a, flags b) noexcept {
  return static_cast<flags>(static_cast<std::uint8_t>(a) & static_cast<std::uint8_t>(b));
}
constexpr bool has(flags all, flags one) noexcept { return (all & one) == one; }

struct context {
  trace_id trace;
  span_id span;  // the operation this context stands for: parent of what receives it
  enum flags flags = flags::none;
  /// Checked and joined member list, ready to send; empty when there is none.
  std::string state;
  /// Came in over the wire (as opposed to a span of this process).
  bool remote = false;

  bool valid() const noexcept { return trace.valid() && span.valid(); }
  bool sampled() const noexcept { return has(flags, flags::sampled); }
  friend bool operator==(const context&, const context&) = default;
};

}  // namespace sidespan::trace

// SPDX-License-Identifier: Apache-2.0
//
// What the tests of correlate share: contexts told apart by a number, fields, the clock.
#pragma once

#include <catch2/catch.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "correlate/ladder.hpp"
#include "correlate/ledger.hpp"
#include "support/fake_clock.hpp"

namespace sidespan::correlate {

using support::fake_clock;

/// Trace and span ids made of these numbers, in the last byte and the first.
inline trace::context context(std::uint8_t trace, std::uint8_t span) {
  trace::context made;
  made.trace.bytes[15] = trace;
  made.span.bytes[0] = span;
  made.flags = trace::flags::sampled;
  return made;
}

inline http::fields fields(std::initializer_list<std::pair<std::string_view, std::string_view>> lines) {
  http::fields made;
  for (const auto& [name, value] : lines) made.add(name, value);
  return made;
}

}  // namespace sidespan::correlate

// SPDX-License-Identifier: Apache-2.0
//
// Text from the wire made fit for protobuf strings, which must be valid UTF-8. Pure; used by live_span, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sidespan::trace {

/// Appends at most `limit` bytes of `text` to `out`, cut between characters. What is not UTF-8 becomes U+FFFD, one for
/// each maximal ill-formed part (Unicode §3.9, the practice of browsers).
void append_utf8(std::string& out, std::string_view text, std::size_t limit);

}  // namespace sidespan::trace

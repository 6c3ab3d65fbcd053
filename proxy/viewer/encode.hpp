// SPDX-License-Identifier: Apache-2.0
//
// Spans into the text that is stored and served. Used by store; pure, any thread. Whatever a span holds, the result is
// valid UTF-8, valid JSON and of bounded size: what is cut says so.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "viewer/model.hpp"

namespace sidespan::viewer {

inline constexpr std::size_t max_text_bytes = 32 * 1024;  // of one attribute value, name or message
inline constexpr std::size_t max_list_entries = 512;      // attributes, events, links, array elements
inline constexpr std::size_t max_nesting = 8;             // of arrays and maps in attribute values

/// Valid UTF-8 without NUL: bad bytes become U+FFFD; a text over `limit` bytes is cut and says how long it was.
std::string clean_text(std::string_view text, std::size_t limit = max_text_bytes);

/// A JSON object of the attributes. The first of equal keys counts. Integers a browser cannot hold (beyond 2^53) and
/// numbers JSON does not have become strings, bytes become base64.
std::string json_of(const attributes& list);

/// A JSON object with what the columns of the store do not hold: status_message, trace_state, attributes, events,
/// links.
std::string detail_of(const span& item);

}  // namespace sidespan::viewer

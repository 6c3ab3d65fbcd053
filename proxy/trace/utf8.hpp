// SPDX-License-Identifier: Apache-2.0
//
// Text from the wire made fit for protobuf strings, which must be valid UTF-8. Pure; used by live_span, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sidespan::trace {

/// Appends at most `limit` bytes of `text` to `out`, cut between characters. What is not UTF-8 becomes U+FFFD, one for
/// each maximal ill-formed part (Unicode §3.9, the practice of browsers).
void append_utf8(std::string& out, std::string_view text, std::size_t limit);

/// Copies `size` bytes and says whether all were ASCII, as nearly all text on the wire is: one pass, eight bytes at a
/// time, the last ones overlapping.
inline bool copy_ascii(std::uint8_t* to, const char* from, std::size_t size) noexcept {
  constexpr std::uint64_t high_bits = 0x8080808080808080U;
  const auto copy_word = [to, from]<class Word>(std::size_t at, Word word) -> std::uint64_t {
    std::memcpy(&word, from + at, sizeof word);
    std::memcpy(to + at, &word, sizeof word);
    return word;
  };
  std::uint64_t seen = 0;
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) seen |= copy_word(at, std::uint64_t{});
    seen |= copy_word(size - 8, std::uint64_t{});
  } else if (size >= 4) {
    seen = copy_word(0, std::uint32_t{}) | copy_word(size - 4, std::uint32_t{});
  } else {
    for (std::size_t at = 0; at < size; ++at) seen |= copy_word(at, std::uint8_t{});
  }
  return (seen & high_bits) == 0;
}

}  // namespace sidespan::trace

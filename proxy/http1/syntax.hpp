// SPDX-License-Identifier: Apache-2.0
//
// Character classes of RFC 9110 §5.5 and §5.6 and two scans over them. Used by the strict pass and the body decoder
// inside http1; pure, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sidespan::http1 {

namespace detail {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = table[static_cast<std::size_t>(c + 32)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}

inline constexpr std::array<bool, 256> token_table = make_token_table();

}  // namespace detail

/// tchar (RFC 9110 §5.6.2).
inline bool is_token_char(char c) noexcept { return detail::token_table[static_cast<unsigned char>(c)]; }

/// What a field value or a reason phrase may hold: HTAB, SP, VCHAR, obs-text (RFC 9110 §5.5).
inline bool is_field_char(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

inline bool is_visible(char c) noexcept { return c > 0x20 && c < 0x7f; }

inline bool is_token(std::string_view text) noexcept {
  for (const char c : text) {
    if (!is_token_char(c)) return false;
  }
  return !text.empty();
}

/// First position in [p, end) that is no field character. Eight bytes at a time, because most of a head is values.
inline const char* skip_field_chars(const char* p, const char* end) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  while (end - p >= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, sizeof word);
    const std::uint64_t without_del = word ^ (ones * 0x7f);
    const std::uint64_t below_space = (word - ones * 0x20) & ~word;
    const std::uint64_t is_del = (without_del - ones) & ~without_del;
    if (((below_space | is_del) & high_bits) != 0) break;
    p += 8;
  }
  while (p != end && is_field_char(*p)) ++p;
  return p;
}

}  // namespace sidespan::http1

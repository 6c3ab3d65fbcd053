// SPDX-License-Identifier: Apache-2.0
//
// Character classes of RFC 9110 §5.5 and §5.6 and scans over them, which are most of what reading a head costs: sixteen
// characters at a time where the processor has SSE2 (every x86-64), else one by one. Used by the strict pass and the
// body decoder inside http1; pure, any thread.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstdint>
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

#ifdef __SSE2__
namespace detail {

inline __m128i load16(const char* p) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

/// How many of the sixteen come before the first whose byte in `stop` is set; 16: none is.
inline int before_first(__m128i stop) noexcept {
  return std::countr_zero(static_cast<unsigned>(_mm_movemask_epi8(stop)) | 0x10000U);
}

inline __m128i is_in(__m128i text, char first, char last) noexcept {
  const __m128i low = _mm_cmpgt_epi8(text, _mm_set1_epi8(static_cast<char>(first - 1)));
  return _mm_and_si128(low, _mm_cmplt_epi8(text, _mm_set1_epi8(static_cast<char>(last + 1))));
}

}  // namespace detail
#endif

/// First position in [p, end) that is no field character.
inline const char* skip_field_chars(const char* p, const char* end) noexcept {
#ifdef __SSE2__
  while (end - p >= 16) {
    const __m128i text = detail::load16(p);
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1f)), text);
    const __m128i is_tab = _mm_cmpeq_epi8(text, _mm_set1_epi8('\t'));
    const __m128i is_del = _mm_cmpeq_epi8(text, _mm_set1_epi8(0x7f));
    const int good = detail::before_first(_mm_or_si128(_mm_andnot_si128(is_tab, control), is_del));
    p += good;
    if (good != 16) return p;
  }
#endif
  while (p != end && is_field_char(*p)) ++p;
  return p;
}

/// First position in [p, end) that is no tchar. Letters, digits and `-` go fast, for most names are made of them.
inline const char* skip_token_chars(const char* p, const char* end) noexcept {
#ifdef __SSE2__
  while (end - p >= 16) {
    const __m128i text = detail::load16(p);
    const __m128i letter = detail::is_in(_mm_or_si128(text, _mm_set1_epi8(0x20)), 'a', 'z');
    const __m128i digit = detail::is_in(text, '0', '9');
    const __m128i dash = _mm_cmpeq_epi8(text, _mm_set1_epi8('-'));
    const __m128i common = _mm_or_si128(_mm_or_si128(letter, digit), dash);
    const int good = detail::before_first(_mm_cmpeq_epi8(common, _mm_setzero_si128()));
    p += good;
    if (good == 16) continue;
    if (!is_token_char(*p)) return p;
    ++p;
  }
#endif
  while (p != end && is_token_char(*p)) ++p;
  return p;
}

/// First position in [p, end) that is not visible ASCII (`!` to `~`).
inline const char* skip_visible(const char* p, const char* end) noexcept {
#ifdef __SSE2__
  while (end - p >= 16) {
    const __m128i visible = detail::is_in(detail::load16(p), '!', '~');
    const int good = detail::before_first(_mm_cmpeq_epi8(visible, _mm_setzero_si128()));
    p += good;
    if (good != 16) return p;
  }
#endif
  while (p != end && is_visible(*p)) ++p;
  return p;
}

inline bool is_token(std::string_view text) noexcept {
  return !text.empty() && skip_token_chars(text.data(), text.data() + text.size()) == text.data() + text.size();
}

}  // namespace sidespan::http1

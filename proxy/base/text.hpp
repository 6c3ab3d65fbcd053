// SPDX-License-Identifier: Apache-2.0
//
// Small text functions that every protocol folder needs: ASCII case folding, optional white space, lists, hex. Pure,
// any thread, nothing depends on the locale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sidespan::base {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
/// OWS of RFC 9110 §5.6.3: space and tab, nothing else.
constexpr bool is_ows(char c) noexcept { return c == ' ' || c == '\t'; }

bool iequals(std::string_view a, std::string_view b) noexcept;
std::string to_lower(std::string_view text);
std::string_view trim_ows(std::string_view text) noexcept;

/// Takes the next element of a comma-separated list (RFC 9110 §5.6.1) off the front of `rest`, trimmed. Empty elements
/// are skipped. Returns nullopt at the end.
std::optional<std::string_view> next_list_element(std::string_view& rest) noexcept;

/// Decimal digits only, no sign, no blank; nullopt when empty, not a number, or over 2^64-1.
std::optional<std::uint64_t> parse_decimal(std::string_view digits) noexcept;

/// Writes two lower-case digits per byte; `out` must hold 2 * bytes.size().
void write_hex(std::span<const std::uint8_t> bytes, char* out) noexcept;
std::string to_hex(std::span<const std::uint8_t> bytes);
/// Lower-case digits only (HEXDIGLC of W3C Trace Context); `digits.size()` must be 2 * out.size(). False when one is
/// not.
bool parse_lower_hex(std::string_view digits, std::span<std::uint8_t> out) noexcept;

/// Levenshtein distance with a cap, for "did you mean"; returns cap + 1 when it is larger.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t cap);

}  // namespace sidespan::base

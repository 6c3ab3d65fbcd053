// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

namespace sidespan::base {

namespace {

std::uint64_t load8(const char* from) noexcept {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Eight characters at once: 'A'..'Z' get bit 5, everything else stays. Bytes over 127 are left alone.
std::uint64_t lower8(std::uint64_t word) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  const std::uint64_t ascii = word & (ones * 0x7f);
  const std::uint64_t from_a = ascii + ones * (0x80 - 'A');
  const std::uint64_t past_z = ascii + ones * (0x7f - 'Z');
  return word | ((from_a & ~past_z & ~word & (ones * 0x80)) >> 2);
}

}  // namespace

bool iequals(std::string_view a, std::string_view b) noexcept {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    if (lower8(load8(a.data() + i)) != lower8(load8(b.data() + i))) return false;
  }
  // The last eight once more, with what is left.
  if (size >= 8) return i == size || lower8(load8(a.data() + size - 8)) == lower8(load8(b.data() + size - 8));
  for (; i < size; ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

std::string_view trim_ows(std::string_view text) noexcept {
  while (!text.empty() && is_ows(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ows(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::string_view> next_list_element(std::string_view& rest) noexcept {
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view element = trim_ows(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    if (!element.empty()) return element;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_decimal(std::string_view digits) noexcept {
  if (digits.empty()) return std::nullopt;
  constexpr std::size_t never_too_large = 19;  // 10^19 - 1 < 2^64
  std::uint64_t value = 0;
  for (const char c : digits.substr(0, never_too_large)) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  for (std::size_t i = never_too_large; i < digits.size(); ++i) {
    if (!is_digit(digits[i])) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(digits[i] - '0');
    if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

namespace {

/// The digits of four bytes at once: each half of a byte in a byte of its own, and then 'a' - '9' - 1 more from ten on.
std::uint64_t hex_of(std::uint32_t four) noexcept {
  std::uint64_t halves = (std::uint64_t{four & 0xffff0000U} << 16) | (four & 0xffffU);
  halves = (halves | halves << 8) & 0x00ff00ff00ff00ff;
  halves = (halves >> 4 & 0x000f000f000f000f) | (halves & 0x000f000f000f000f) << 8;
  const std::uint64_t letters = (halves + 0x0606060606060606) >> 4 & 0x0101010101010101;
  return halves + 0x3030303030303030 + letters * ('a' - '9' - 1);
}

}  // namespace

void write_hex(std::span<const std::uint8_t> bytes, char* out) noexcept {
  static_assert(std::endian::native == std::endian::little);
  for (; bytes.size() >= 4; bytes = bytes.subspan(4), out += 8) {
    std::uint32_t four = 0;
    std::memcpy(&four, bytes.data(), 4);
    const std::uint64_t digits = hex_of(four);
    std::memcpy(out, &digits, 8);
  }
  for (std::size_t left = bytes.size() & 3; left != 0; --left, bytes = bytes.subspan(1), out += 2) {
    const std::uint64_t digits = hex_of(bytes.front());
    std::memcpy(out, &digits, 2);
  }
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string out(bytes.size() * 2, '\0');
  write_hex(bytes, out.data());
  return out;
}

namespace {
int lower_hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}
}  // namespace

bool parse_lower_hex(std::string_view digits, std::span<std::uint8_t> out) noexcept {
  if (digits.size() != out.size() * 2) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = lower_hex_digit(digits[2 * i]);
    const int low = lower_hex_digit(digits[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t cap) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return std::min(row[b.size()], cap + 1);
}

}  // namespace sidespan::base

// SPDX-License-Identifier: Apache-2.0
#include "trace/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace sidespan::trace {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// Eight bytes at a time: nearly all text on the wire is ASCII.
bool is_ascii(std::string_view text) noexcept {
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t seen = 0;
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    seen |= word;
  }
  for (; left > 0; --left, ++at) seen |= static_cast<std::uint64_t>(static_cast<unsigned char>(*at));
  return (seen & 0x8080808080808080U) == 0;
}

struct lead {
  std::size_t size;         // of the whole sequence; 0: not a lead byte
  std::uint8_t second_low;  // range of the second byte, Unicode table 3-7
  std::uint8_t second_high;
};

lead classify(std::uint8_t byte) noexcept {
  if (byte < 0x80) return {1, 0, 0};
  if (byte >= 0xc2 && byte <= 0xdf) return {2, 0x80, 0xbf};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};
  if (byte == 0xed) return {3, 0x80, 0x9f};
  if (byte >= 0xe1 && byte <= 0xef) return {3, 0x80, 0xbf};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte >= 0xf1 && byte <= 0xf3) return {4, 0x80, 0xbf};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

struct piece {
  std::size_t size;  // bytes to take, at least 1
  bool valid;
};

piece next_piece(std::string_view text) noexcept {
  const lead first = classify(static_cast<std::uint8_t>(text.front()));
  if (first.size <= 1) return {1, first.size == 1};
  std::uint8_t low = first.second_low;
  std::uint8_t high = first.second_high;
  for (std::size_t i = 1; i < first.size; ++i, low = 0x80, high = 0xbf) {
    if (i == text.size()) return {i, false};
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte < low || byte > high) return {i, false};
  }
  return {first.size, true};
}

}  // namespace

void append_utf8(std::string& out, std::string_view text, std::size_t limit) {
  if (is_ascii(text.substr(0, limit))) {
    out.append(text.substr(0, limit));
    return;
  }
  std::size_t left = limit;
  while (!text.empty()) {
    const piece next = next_piece(text);
    const std::string_view good = next.valid ? text.substr(0, next.size) : replacement;
    if (good.size() > left) return;
    out.append(good);
    left -= good.size();
    text.remove_prefix(next.size);
  }
}

}  // namespace sidespan::trace

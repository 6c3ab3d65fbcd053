// SPDX-License-Identifier: Apache-2.0
#include "trace/tracestate.hpp"

#include <algorithm>
#include <bitset>

#include "base/text.hpp"

namespace sidespan::trace {
namespace {

constexpr std::size_t max_key = 256;
constexpr std::size_t max_value = 256;
constexpr std::size_t long_member = 128;

constexpr bool starts_key(char c) noexcept { return (c >= 'a' && c <= 'z') || base::is_digit(c); }
constexpr bool continues_key(char c) noexcept {
  return starts_key(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}

/// TC-34, level 2: `@` is a character like others.
bool valid_key(std::string_view key) noexcept {
  return !key.empty() && key.size() <= max_key && starts_key(key.front()) &&
         std::all_of(key.begin(), key.end(), continues_key);
}

/// TC-35. The caller has trimmed trailing blanks, so that a value of blanks only is empty here.
bool valid_value(std::string_view value) noexcept {
  const auto allowed = [](char c) { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; };
  return !value.empty() && value.size() <= max_value && std::all_of(value.begin(), value.end(), allowed);
}

}  // namespace

bool tracestate::add_line(std::string_view line) noexcept {
  while (!void_) {
    const auto text = base::next_list_element(line);  // TC-33: empty members and blanks around members do not matter
    if (!text) break;
    void_ = !add_member(*text);
  }
  return !void_;
}

bool tracestate::add_member(std::string_view text) noexcept {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view key = text.substr(0, equals);
  if (!valid_key(key) || !valid_value(text.substr(equals + 1))) return false;  // TC-36
  if (++received_ > max_members) return false;                                 // TC-37
  if (has_key(key)) return true;  // TC-38: the first, most recent one stays
  members_[kept_++] = {text.data(), static_cast<std::uint16_t>(text.size()), static_cast<std::uint16_t>(key.size())};
  return true;
}

bool tracestate::has_key(std::string_view key) const noexcept {
  return std::any_of(members_.begin(), members_.begin() + static_cast<std::ptrdiff_t>(kept_),
                     [key](const member& m) { return std::string_view(m.text, m.key_size) == key; });
}

std::string tracestate::join(std::size_t limit) const {
  if (void_ || kept_ == 0) return {};
  std::size_t size = kept_;  // each member and its comma; the last has none
  for (std::size_t i = 0; i < kept_; ++i) size += members_[i].size;
  std::bitset<max_members> left_out;
  for (const std::size_t longer_than : {long_member, std::size_t{0}}) {  // TC-41
    for (std::size_t i = kept_; i-- > 0 && size > limit + 1;) {
      if (left_out[i] || members_[i].size <= longer_than) continue;
      left_out.set(i);
      size -= members_[i].size + 1U;
    }
  }
  std::string out;
  out.reserve(size);
  for (std::size_t i = 0; i < kept_; ++i) {
    if (left_out[i]) continue;
    if (!out.empty()) out += ',';
    out.append(members_[i].text, members_[i].size);  // TC-42: order is kept
  }
  return out;
}

}  // namespace sidespan::trace

// SPDX-License-Identifier: Apache-2.0
#include "http/upgrade.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.hpp"
#include "http/hop_by_hop.hpp"

namespace sidespan::http {

namespace {

using base::fault;
using base::fault_code;

constexpr std::size_t most_protocols = 8;

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    const bool letter = base::lower(c) >= 'a' && base::lower(c) <= 'z';
    return letter || base::is_digit(c) || (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
  });
}

/// protocol-name ["/" protocol-version], both tokens (RFC 9110 §7.8).
bool is_protocol(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  return is_token(text.substr(0, slash)) && (slash == std::string_view::npos || is_token(text.substr(slash + 1)));
}

fault bad_upgrade(const char* detail) noexcept {
  return {fault_code::http_request_error, base::side::downstream, base::stage::parse, detail};
}

fault failed(const char* detail) noexcept {
  return {fault_code::http_upgrade_failed, base::side::upstream, base::stage::read_head, detail};
}

struct protocols {
  std::array<std::string_view, most_protocols> names;
  std::size_t size = 0;
  std::size_t text_bytes = 0;
};

/// nullptr, or what is wrong.
const char* collect(const fields& list, protocols& out) noexcept {
  for (const field& line : list) {
    std::string_view rest = line.id == field_id::upgrade ? line.value : std::string_view();
    while (const auto name = base::next_list_element(rest)) {
      if (!is_protocol(*name)) return "malformed Upgrade";
      // Deprecated (RFC 9113 §3.1), and the way to smuggle requests past whoever does not speak it.
      if (base::iequals(*name, "h2c") || base::iequals(*name, "h2")) continue;
      if (out.size == out.names.size()) return "too many protocols in Upgrade";
      out.names[out.size++] = *name;
      out.text_bytes += name->size();
    }
  }
  return nullptr;
}

std::string_view joined(const protocols& all, base::arena& arena) {
  const std::size_t size = all.text_bytes + 2 * (all.size - 1);
  char* const place = arena.allocate(size);
  char* at = place;
  for (std::size_t i = 0; i < all.size; ++i) {
    if (i > 0) at = std::ranges::copy(std::string_view(", "), at).out;
    at = std::ranges::copy(all.names[i], at).out;
  }
  return {place, size};
}

}  // namespace

base::result<std::string_view> read_upgrade(const request_head& head, body_size content, base::arena& arena) {
  if (head.fields.find(field_id::upgrade) == nullptr) return std::string_view();
  const bool valid = head.version == version::http_1_1 && head.method != "CONNECT";
  if (!valid || !connection_has(head.fields, "upgrade")) return std::string_view();  // CN-2
  protocols offered;
  if (const char* problem = collect(head.fields, offered)) return bad_upgrade(problem);
  if (offered.size == 0) return std::string_view();
  if (content.present()) return bad_upgrade("Upgrade in a request with content");  // CN-3
  return joined(offered, arena);
}

std::string_view demanded_upgrade(const response_head& head, base::arena& arena) {
  protocols named;
  if (collect(head.fields, named) != nullptr || named.size == 0) return {};
  return joined(named, arena);
}

base::result<std::string_view> read_switch(const response_head& head, std::string_view offered) {
  if (offered.empty()) return failed("upstream switched protocols unasked");  // RS-7
  if (!connection_has(head.fields, "upgrade")) return failed("101 without `Connection: upgrade`");
  protocols chosen;
  if (collect(head.fields, chosen) != nullptr || chosen.size == 0) return failed("101 without a valid Upgrade");
  for (std::size_t i = 0; i < chosen.size; ++i) {
    std::string_view rest = offered;
    bool known = false;
    while (const auto name = base::next_list_element(rest)) known = known || base::iequals(*name, chosen.names[i]);
    if (!known) return failed("upstream switched to a protocol that was not offered");  // CN-2
  }
  return chosen.names[0];
}

}  // namespace sidespan::http

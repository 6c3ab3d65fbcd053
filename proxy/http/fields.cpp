// SPDX-License-Identifier: Apache-2.0
#include "http/fields.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace sidespan::http {

namespace {

struct known_name {
  std::string_view name;
  field_id id;
};

// Ordered by length, so that a name is compared with the few of its own length only.
constexpr std::array known_names{
    known_name{"te", field_id::te},
    known_name{"via", field_id::via},
    known_name{"date", field_id::date},
    known_name{"host", field_id::host},
    known_name{"expect", field_id::expect},
    known_name{"baggage", field_id::baggage},
    known_name{"trailer", field_id::trailer},
    known_name{"upgrade", field_id::upgrade},
    known_name{"forwarded", field_id::forwarded},
    known_name{"connection", field_id::connection},
    known_name{"keep-alive", field_id::keep_alive},
    known_name{"tracestate", field_id::tracestate},
    known_name{"user-agent", field_id::user_agent},
    known_name{"traceparent", field_id::traceparent},
    known_name{"content-type", field_id::content_type},
    known_name{"max-forwards", field_id::max_forwards},
    known_name{"x-request-id", field_id::x_request_id},
    known_name{"content-length", field_id::content_length},
    known_name{"http2-settings", field_id::http2_settings},
    known_name{"x-forwarded-for", field_id::x_forwarded_for},
    known_name{"proxy-connection", field_id::proxy_connection},
    known_name{"x-forwarded-host", field_id::x_forwarded_host},
    known_name{"transfer-encoding", field_id::transfer_encoding},
    known_name{"x-forwarded-proto", field_id::x_forwarded_proto},
    known_name{"proxy-authenticate", field_id::proxy_authenticate},
    known_name{"proxy-authorization", field_id::proxy_authorization},
};

constexpr std::size_t longest = known_names.back().name.size();

/// first_of[n] is the index of the first known name with n or more characters.
constexpr auto first_of = [] {
  std::array<std::uint8_t, longest + 2> table{};
  for (std::size_t length = 0; length < table.size(); ++length) {
    std::size_t i = 0;
    while (i < known_names.size() && known_names[i].name.size() < length) ++i;
    table[length] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

bool equals_lower(std::string_view lower_case, std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (base::lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

}  // namespace

field_id identify(std::string_view name) noexcept {
  if (name.size() > longest) return field_id::other;
  for (std::size_t i = first_of[name.size()]; i < first_of[name.size() + 1]; ++i) {
    if (equals_lower(known_names[i].name, name)) return known_names[i].id;
  }
  return field_id::other;
}

const field* fields::find(field_id id) const noexcept {
  for (const field& line : list_) {
    if (line.id == id) return &line;
  }
  return nullptr;
}

const field* fields::find(std::string_view name) const noexcept {
  for (const field& line : list_) {
    if (base::iequals(line.name, name)) return &line;
  }
  return nullptr;
}

std::size_t fields::count(field_id id) const noexcept {
  return static_cast<std::size_t>(std::ranges::count(list_, id, &field::id));
}

void fields::set(field_id id, std::string_view name, std::string_view value) {
  const auto first = std::ranges::find(list_, id, &field::id);
  if (first == list_.end()) return add(id, name, value);
  first->value = value;
  list_.erase(std::remove_if(first + 1, list_.end(), [id](const field& line) { return line.id == id; }), list_.end());
}

void fields::remove(field_id id) noexcept {
  std::erase_if(list_, [id](const field& line) { return line.id == id; });
}

}  // namespace sidespan::http

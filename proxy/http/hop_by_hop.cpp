// SPDX-License-Identifier: Apache-2.0
#include "http/hop_by_hop.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace sidespan::http {

namespace {

/// Always removed (RFC 9110 §7.6.1, §11.7; H1-25), nominated or not.
constexpr field_ids removed_ids{
    field_id::connection,         field_id::proxy_connection, field_id::keep_alive,     field_id::te,
    field_id::transfer_encoding,  field_id::upgrade,          field_id::http2_settings, field_id::proxy_authenticate,
    field_id::proxy_authorization};

/// H1-26: taking these away would change where the message goes or where it ends.
bool never_nominated(field_id id) noexcept {
  return id == field_id::host || id == field_id::content_length || id == field_id::transfer_encoding;
}

/// What Connection nominates beyond that. The room is bounded, because every entry is compared with every field.
struct nominations {
  std::array<std::string_view, 32> names;
  std::size_t size = 0;

  bool contains(std::string_view name) const noexcept {
    return std::any_of(names.begin(), names.begin() + size,
                       [name](std::string_view n) { return base::iequals(n, name); });
  }
};

const char* collect(std::string_view value, nominations& out) noexcept {
  if (value == "keep-alive" || value == "close") return nullptr;  // nearly always
  while (const auto option = base::next_list_element(value)) {
    const field_id id = identify(*option);
    if (never_nominated(id)) return "Connection nominates a field that frames or routes the message";
    if (removed_ids.contains(id) || base::iequals(*option, "close")) continue;
    if (out.size == out.names.size()) return "too many Connection options";
    out.names[out.size++] = *option;
  }
  return nullptr;
}

base::fault bad_connection(base::side from, const char* detail) noexcept {
  if (from == base::side::upstream)
    return base::fault(base::fault_code::http_protocol_error, from, base::stage::read_head, detail);
  return base::fault(base::fault_code::http_request_error, from, base::stage::parse, detail);
}

}  // namespace

base::result<void> remove_hop_by_hop(fields& list, base::side from) {
  if (!list.may_have(removed_ids)) return {};
  nominations nominated;
  for (const field& line : list) {
    if (line.id != field_id::connection) continue;
    if (const char* problem = collect(line.value, nominated)) return bad_connection(from, problem);
  }
  list.remove_if([&nominated](const field& line) {
    return removed_ids.contains(line.id) || (nominated.size > 0 && nominated.contains(line.name));
  });
  return {};
}

bool connection_has(const fields& list, std::string_view option) noexcept {
  for (const field& line : list) {
    if (line.id != field_id::connection) continue;
    std::string_view rest = line.value;
    while (const auto element = base::next_list_element(rest)) {
      if (base::iequals(*element, option)) return true;
    }
  }
  return false;
}

bool forbidden_in_trailers(std::string_view name) noexcept {
  // RFC 9110 §6.5.1 and the enumeration of RFC 7230 §4.1.2, plus the fields that tell an application who is calling.
  static constexpr std::array<std::string_view, 49> forbidden{"age",
                                                              "authorization",
                                                              "cache-control",
                                                              "connection",
                                                              "content-encoding",
                                                              "content-length",
                                                              "content-location",
                                                              "content-range",
                                                              "content-type",
                                                              "cookie",
                                                              "date",
                                                              "expect",
                                                              "expires",
                                                              "forwarded",
                                                              "host",
                                                              "http2-settings",
                                                              "if-match",
                                                              "if-modified-since",
                                                              "if-none-match",
                                                              "if-range",
                                                              "if-unmodified-since",
                                                              "keep-alive",
                                                              "location",
                                                              "max-forwards",
                                                              "pragma",
                                                              "proxy-authenticate",
                                                              "proxy-authentication-info",
                                                              "proxy-authorization",
                                                              "proxy-connection",
                                                              "range",
                                                              "retry-after",
                                                              "set-cookie",
                                                              "te",
                                                              "traceparent",
                                                              "tracestate",
                                                              "trailer",
                                                              "transfer-encoding",
                                                              "upgrade",
                                                              "vary",
                                                              "via",
                                                              "warning",
                                                              "www-authenticate",
                                                              "x-forwarded-for",
                                                              "x-forwarded-host",
                                                              "x-forwarded-proto",
                                                              "x-forwarded-port",
                                                              "x-forwarded-prefix",
                                                              "x-http-method-override",
                                                              "x-real-ip"};
  return std::ranges::any_of(forbidden, [name](std::string_view entry) { return base::iequals(entry, name); });
}

}  // namespace sidespan::http

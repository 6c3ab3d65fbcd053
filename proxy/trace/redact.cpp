// SPDX-License-Identifier: Apache-2.0
#include "trace/redact.hpp"

#include <charconv>

namespace sidespan::trace {
namespace {

bool listed(std::span<const std::string> keys, std::string_view name) noexcept {
  return std::any_of(keys.begin(), keys.end(), [name](const std::string& key) { return name == key; });
}

void append_number(bounded_text& out, unsigned value) noexcept {
  std::array<char, 10> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

}  // namespace

void append_redacted_query(bounded_text& out, std::string_view query, std::span<const std::string> keys) noexcept {
  for (bool more = true; more;) {
    const std::size_t ampersand = query.find('&');
    const std::string_view parameter = query.substr(0, ampersand);
    const std::size_t equals = parameter.find('=');
    if (equals != std::string_view::npos && listed(keys, parameter.substr(0, equals))) {
      out.append(parameter.substr(0, equals + 1));
      out.append("REDACTED");
    } else {
      out.append(parameter);
    }
    more = ampersand != std::string_view::npos;
    if (!more) return;
    out.append("&");
    query.remove_prefix(ampersand + 1);
  }
}

void append_url(bounded_text& out, const url_parts& url) noexcept {
  std::string_view host = url.host;
  out.append(url.scheme);
  out.append("://");
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos) {
    out.append("REDACTED:REDACTED@");
    host.remove_prefix(at + 1);
  }
  const bool bracket = host.find(':') != std::string_view::npos;  // IPv6, RFC 3986 §3.2.2
  if (bracket) out.append("[");
  out.append(host);
  if (bracket) out.append("]");
  if (url.port != 0 && url.port != default_port(url.scheme)) {
    out.append(":");
    append_number(out, url.port);
  }
  if (url.path != "*") out.append(url.path);  // asterisk-form names no path (RFC 9112 §3.3)
}

unsigned default_port(std::string_view scheme) noexcept {
  if (scheme == "http") return 80;
  if (scheme == "https") return 443;
  return 0;
}

}  // namespace sidespan::trace

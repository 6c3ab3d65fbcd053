// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <optional>

#include "base/text.hpp"
#include "wire/pages.hpp"

namespace sidespan::wire {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) return std::nullopt;
    decoded += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return decoded;
}

// The host of "host:port", "[v6]:port" or "host"; nothing when the port is not a number.
std::optional<std::string_view> host_of(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const auto end = authority.find(']');
    if (end == authority.npos) return std::nullopt;
    host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else if (const auto colon = authority.find(':'); colon != authority.npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (!port.empty() && port.front() != ':') return std::nullopt;
  if (!port.empty()) port.remove_prefix(1);
  const bool digits = std::all_of(port.begin(), port.end(), base::is_digit);
  if (!digits || port.size() > 5) return std::nullopt;
  return host;
}

bool is_ip_literal(std::string_view host) {
  boost::system::error_code ec;
  boost::asio::ip::make_address(std::string(host), ec);
  return !ec;
}

std::string_view first_value(const std::vector<page_field>& fields, std::string_view name, bool any_case) {
  for (const page_field& field : fields) {
    if (any_case ? base::iequals(field.name, name) : field.name == name) return field.value;
  }
  return {};
}

}  // namespace

std::string_view page_request::query_value(std::string_view name) const { return first_value(query, name, false); }

std::string_view page_request::header(std::string_view name) const { return first_value(headers, name, true); }

bool page_host_allowed(std::string_view authority, const page_settings& settings) {
  const auto parsed = host_of(authority);
  if (!parsed || parsed->empty()) return false;
  std::string_view host = *parsed;
  if (is_ip_literal(host)) return true;
  if (host.back() == '.') host.remove_suffix(1);
  constexpr std::string_view suffix = ".localhost";  // RFC 6761 §6.3: never resolved to anything but loopback
  if (base::iequals(host, "localhost")) return true;
  if (host.size() > suffix.size() && base::iequals(host.substr(host.size() - suffix.size()), suffix)) return true;
  if (base::iequals(host, settings.address)) return true;
  return std::any_of(settings.allowed_hosts.begin(), settings.allowed_hosts.end(),
                     [host](const std::string& allowed) { return base::iequals(host, allowed); });
}

bool parse_page_target(std::string_view target, page_request& request) {
  if (target.empty() || target.front() != '/') return false;
  const auto mark = target.find('?');
  auto path = percent_decoded(target.substr(0, mark), false);
  if (!path) return false;
  request.path = std::move(*path);
  std::string_view rest = mark == target.npos ? std::string_view{} : target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = percent_decoded(pair.substr(0, equals), true);
    auto value = percent_decoded(equals == pair.npos ? std::string_view{} : pair.substr(equals + 1), true);
    if (!name || !value) return false;
    request.query.push_back({std::move(*name), std::move(*value)});
  }
  return true;
}

}  // namespace sidespan::wire

// SPDX-License-Identifier: Apache-2.0
#include "http/target.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace sidespan::http {

namespace {

using base::fault;
using base::result;

fault bad_target(const char* detail) noexcept {
  return fault(base::fault_code::http_request_error, base::side::downstream, base::stage::parse, detail);
}

bool is_alpha(char c) noexcept {
  const char folded = base::lower(c);
  return folded >= 'a' && folded <= 'z';
}

bool is_hex(char c) noexcept {
  const char folded = base::lower(c);
  return base::is_digit(c) || (folded >= 'a' && folded <= 'f');
}

/// unreserved and sub-delims of RFC 3986 §2, the characters of a reg-name besides percent-encoding.
constexpr auto host_chars = [] {
  std::array<bool, 256> table{};
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32U] = true;
  for (const char c : std::string_view("-._~!$&'()*+,;=")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_host_char(char c) noexcept { return host_chars[static_cast<unsigned char>(c)]; }

bool valid_reg_name(std::string_view host) noexcept {
  for (std::size_t i = 0; i < host.size(); ++i) {
    if (is_host_char(host[i])) continue;
    if (host[i] != '%' || i + 2 >= host.size() || !is_hex(host[i + 1]) || !is_hex(host[i + 2])) return false;
    i += 2;
  }
  return !host.empty();
}

/// IPvFuture and zone ids are refused: nothing here could connect to them.
bool valid_ipv6(std::string_view host) noexcept {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (host.size() >= text.size()) return false;
  std::ranges::copy(host, text.begin());
  in6_addr address{};
  return inet_pton(AF_INET6, text.data(), &address) == 1;
}

bool valid_scheme(std::string_view scheme) noexcept {
  if (scheme.empty() || !is_alpha(scheme.front())) return false;
  return std::ranges::all_of(
      scheme, [](char c) { return is_alpha(c) || base::is_digit(c) || c == '+' || c == '-' || c == '.'; });
}

void split_query(std::string_view path_and_query, target_parts& out) noexcept {
  const std::size_t mark = path_and_query.find('?');
  out.path = path_and_query.substr(0, mark);
  out.has_query = mark != std::string_view::npos;
  if (out.has_query) out.query = path_and_query.substr(mark + 1);
}

/// RFC 9112 §3.2.2. Userinfo is refused by the authority's grammar (RFC 9110 §4.2.4).
result<target_parts> parse_absolute(std::string_view method, std::string_view target) {
  const std::size_t colon = target.find(':');
  if (colon == std::string_view::npos || target.substr(colon, 3) != "://")
    return bad_target("neither a path nor an absolute URI");
  target_parts out;
  out.form = target_form::absolute;
  out.scheme = target.substr(0, colon);
  if (!valid_scheme(out.scheme)) return bad_target("invalid scheme in the target");
  const std::string_view rest = target.substr(colon + 3);
  const std::size_t end = rest.find_first_of("/?");
  out.authority = rest.substr(0, end);
  if (const auto authority = parse_authority(out.authority); !authority) return authority.error();
  out.origin_form = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  split_query(out.origin_form, out);
  // RFC 9112 §3.2.4: the last proxy turns an OPTIONS without path and query into `*`.
  if (out.origin_form.empty()) out.origin_form = method == "OPTIONS" ? "*" : "/";
  if (out.path.empty()) out.path = "/";
  return out;
}

result<target_parts> parse_authority_form(std::string_view target) {
  const auto authority = parse_authority(target);
  if (!authority) return authority.error();
  if (authority->port == 0) return bad_target("CONNECT without a port");
  target_parts out;
  out.form = target_form::authority;
  out.authority = target;
  return out;
}

}  // namespace

base::result<target_parts> parse_target(std::string_view method, std::string_view target) {
  if (target.empty()) return bad_target("empty target");
  for (const char c : target) {
    if (c <= 0x20 || c >= 0x7f) return bad_target("a byte in the target that no URI has");  // H1-6; negative: non-ASCII
    if (c == '#') return bad_target("fragment in the target");
  }
  if (method == "CONNECT") return parse_authority_form(target);                                  // RFC 9112 §3.2.3
  if (target == "*" && method != "OPTIONS") return bad_target("asterisk-form without OPTIONS");  // RFC 9112 §3.2.4
  if (target != "*" && target.front() != '/') return parse_absolute(method, target);
  target_parts out;
  out.form = target == "*" ? target_form::asterisk : target_form::origin;
  out.origin_form = target;
  split_query(target, out);
  return out;
}

base::result<authority_parts> parse_authority(std::string_view text) {
  authority_parts out;
  std::size_t host_end = 0;
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return bad_target("unbalanced bracket in the authority");
    out.host = text.substr(1, bracket - 1);
    if (!valid_ipv6(out.host)) return bad_target("invalid IPv6 address in the authority");
    host_end = bracket + 1;
  } else {
    host_end = std::min(text.find(':'), text.size());
    out.host = text.substr(0, host_end);
    if (!valid_reg_name(out.host)) return bad_target("invalid host in the authority");
  }
  if (host_end == text.size()) return out;
  if (text[host_end] != ':') return bad_target("text after the bracket in the authority");
  const std::string_view port = text.substr(host_end + 1);
  if (port.empty()) return out;  // port = *DIGIT (RFC 3986 §3.2.3)
  const auto number = base::parse_decimal(port);
  if (!number || *number == 0 || *number > 65535) return bad_target("invalid port in the authority");
  out.port = static_cast<std::uint16_t>(*number);
  return out;
}

}  // namespace sidespan::http

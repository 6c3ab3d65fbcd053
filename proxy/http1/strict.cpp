// SPDX-License-Identifier: Apache-2.0
#include "http1/strict.hpp"

#include "base/text.hpp"
#include "http1/syntax.hpp"

namespace sidespan::http1 {

namespace {

/// The longest of the IANA registry has 17 characters.
constexpr std::size_t longest_method = 32;

/// HTTP-name is case-sensitive and each number is one digit (RFC 9112 §2.3; H1-2).
violation read_version(std::string_view text, http::version& out) noexcept {
  const bool shaped = text.size() == 8 && text.starts_with("HTTP/") && base::is_digit(text[5]) && text[6] == '.' &&
                      base::is_digit(text[7]);
  if (!shaped) return broken("malformed HTTP version");
  if (text[5] != '1') return {violation::kind::version, "unsupported major HTTP version"};
  out = text[7] == '0' ? http::version::http_1_0 : http::version::http_1_1;
  return {};
}

/// Says which rule a line broke that has no field name before a colon (H1-20, H1-21, H1-22).
const char* name_problem(std::string_view name, char stopped_at) noexcept {
  if (name.empty() && base::is_ows(stopped_at)) return "obsolete line folding";
  if (name.empty() && stopped_at == ':') return "empty field name";
  if (base::is_ows(stopped_at)) return "white space before the colon";
  if (stopped_at == '\r' || stopped_at == '\n') return "field line without a colon";
  return "invalid byte in a field name";
}

constexpr violation incomplete{violation::kind::incomplete, "field section without an end"};

std::string_view between(const char* begin, const char* end) noexcept {
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// Reads one line at `p` and moves behind it.
violation read_field_line(const char*& p, const char* end, blank_before_colon blank, http::fields& out) {
  const char* const name_begin = p;
  p = skip_token_chars(p, end);
  const char* const name_end = p;
  if (blank == blank_before_colon::dropped) {
    while (p != end && base::is_ows(*p)) ++p;
  }
  if (p == end) return incomplete;
  http::field line;
  line.name = between(name_begin, name_end);
  if (*p != ':' || line.name.empty()) return broken(name_problem(line.name, *name_end));
  const char* const colon = p++;
  while (p != end && base::is_ows(*p)) ++p;
  const char* const value_begin = p;
  p = skip_field_chars(p, end);
  if (end - p < 2 && (p == end || *p == '\r')) return incomplete;
  if (p[0] != '\r' || p[1] != '\n') return broken("control byte in a field value");
  const char* value_end = p;
  while (value_end != value_begin && base::is_ows(value_end[-1])) --value_end;
  line.value = between(value_begin, value_end);
  line.id = http::identify(line.name);
  line.as_received = colon == name_end && value_begin == colon + 2 && colon[1] == ' ' && value_end == p;
  p += 2;
  out.add(line);
  return {};
}

}  // namespace

violation read_request_line(std::string_view line, http::request_head& out) noexcept {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos) return broken("no target in the request line");
  out.method = line.substr(0, first);
  if (!is_token(out.method)) return broken("the method is not a token");
  // Exactly one SP on each side (RFC 9112 §3; H1-1): a target holds none, so a further SP ends up in the version.
  const std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return broken("no HTTP version in the request line");
  out.target = line.substr(first + 1, second - first - 1);
  if (out.target.empty()) return broken("empty target");
  const char* const end = out.target.data() + out.target.size();
  if (skip_visible(out.target.data(), end) != end) return broken("a byte in the target that no URI has");
  if (const violation found = read_version(line.substr(second + 1), out.version)) return found;
  // H1-9; last, because a bad byte further on is refused before the line is complete, and the cut must not matter.
  if (out.method.size() > longest_method) return {violation::kind::method, "the method is longer than any"};
  return {};
}

violation read_status_line(std::string_view line, http::response_head& out) noexcept {
  if (const violation found = read_version(line.substr(0, 8), out.version)) return found;
  // The SP after the code is required even when the reason is empty (RFC 9112 §4), but applications leave it out, and
  // nothing else can be meant (RS-13).
  const bool no_reason = line.size() == 12;
  if (line.size() < 12 || line[8] != ' ' || (!no_reason && line[12] != ' ')) return broken("malformed status line");
  const auto status = base::parse_decimal(line.substr(9, 3));
  if (!status || *status < 100 || *status > 599) return broken("status code outside 100 to 599");  // RS-9
  out.status = static_cast<int>(*status);
  out.reason = line.substr(no_reason ? 12 : 13);
  const char* const end = line.data() + line.size();
  if (skip_field_chars(out.reason.data(), end) != end) return broken("control byte in the reason phrase");
  return {};
}

violation read_field_lines(std::string_view& rest, std::size_t max_count, blank_before_colon blank, http::fields& out) {
  const char* p = rest.data();
  const char* const end = p + rest.size();
  while (p != end && *p != '\r') {
    if (out.size() == max_count) return {violation::kind::too_large, "too many fields"};
    if (const violation found = read_field_line(p, end, blank, out)) return found;
  }
  if (end - p < 2) return incomplete;
  if (p[1] != '\n') return broken("carriage return without a line feed");
  rest.remove_prefix(static_cast<std::size_t>(p + 2 - rest.data()));
  return {};
}

}  // namespace sidespan::http1

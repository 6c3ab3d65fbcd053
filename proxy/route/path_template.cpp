// SPDX-License-Identifier: Apache-2.0
#include "route/path_template.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"

namespace sidespan::route {
namespace {

/// Takes the segment after the leading slash of `path`; what follows begins with the next slash or is empty.
std::string_view next_segment(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const std::size_t slash = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, slash);
  path.remove_prefix(slash);
  return segment;
}

bool is_brace(std::string_view segment) noexcept { return segment.starts_with('{'); }
bool is_rest(std::string_view segment) noexcept { return is_brace(segment) && segment.ends_with("*}"); }

bool name_character(char c) noexcept {
  const char l = base::lower(c);
  return (l >= 'a' && l <= 'z') || base::is_digit(c) || c == '_' || c == '-' || c == '.';
}

/// What a path may hold besides braces (RFC 3986 §3.3, leniently): visible ASCII that does not end a path.
bool literal_character(char c) noexcept { return c > 0x20 && c < 0x7f && c != '?' && c != '#' && c != '{' && c != '}'; }

std::string at(std::string_view what, std::size_t position) {
  return std::string(what) + " at " + std::to_string(position);
}

std::string check_brace(std::string_view segment, std::size_t start) {
  const std::size_t end = segment.find('}');
  if (end == std::string_view::npos) return at("'{' without '}'", start);
  std::string_view name = segment.substr(1, end - 1);
  if (name.ends_with('*')) name.remove_suffix(1);
  if (name.empty()) return at("'{}' without a name", start);
  const auto bad = std::find_if_not(name.begin(), name.end(), name_character);
  if (bad != name.end()) return at("bad character in a name", start + 1 + static_cast<std::size_t>(bad - name.begin()));
  if (end + 1 != segment.size()) return at("text after '}' in the same segment", start + end + 1);
  return {};
}

std::string check_literal(std::string_view segment, std::size_t start) {
  const auto bad = std::find_if_not(segment.begin(), segment.end(), literal_character);
  if (bad == segment.end()) return {};
  const std::size_t position = start + static_cast<std::size_t>(bad - segment.begin());
  if (*bad == '{') return at("text before '{' in the same segment", position);
  if (*bad == '}') return at("'}' without '{'", position);
  return at("character that cannot be in a path", position);
}

std::string_view name_of(std::string_view brace) noexcept {
  brace = brace.substr(1, brace.size() - 2);
  if (brace.ends_with('*')) brace.remove_suffix(1);
  return brace;
}

}  // namespace

std::string check_template(std::string_view text) {
  if (!text.starts_with('/')) return at("no '/'", 0);
  std::vector<std::string_view> names;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t start = text.size() - rest.size() + 1;
    const std::string_view segment = next_segment(rest);
    if (segment.empty() && !rest.empty()) return at("empty segment", start);
    if (!is_brace(segment)) {
      if (std::string wrong = check_literal(segment, start); !wrong.empty()) return wrong;
      continue;
    }
    if (std::string wrong = check_brace(segment, start); !wrong.empty()) return wrong;
    if (is_rest(segment) && !rest.empty()) return at("'{name*}' that is not last", start);
    if (std::find(names.begin(), names.end(), name_of(segment)) != names.end()) return at("name used twice", start + 1);
    names.push_back(name_of(segment));
  }
  return {};
}

bool fits(std::string_view path_template, std::string_view path) noexcept {
  while (!path_template.empty() && !path.empty()) {
    if (path_template.front() != '/' || path.front() != '/') return false;  // asterisk- and authority-form
    const std::string_view wanted = next_segment(path_template);
    if (is_rest(wanted)) return true;
    const std::string_view segment = next_segment(path);
    if (is_brace(wanted) ? segment.empty() : segment != wanted) return false;
  }
  return path_template.empty() && path.empty();
}

bool template_includes(std::string_view wide, std::string_view narrow) noexcept {
  while (!wide.empty() && !narrow.empty()) {
    const std::string_view wanted = next_segment(wide);
    if (is_rest(wanted)) return true;
    const std::string_view segment = next_segment(narrow);
    if (is_rest(segment)) return false;
    if (is_brace(wanted) ? segment.empty() : segment != wanted) return false;
  }
  return wide.empty() && narrow.empty();
}

path_shape shape_of(std::string_view path) noexcept {
  path_shape shape;
  shape.literal_beginning = std::min(path.find('{'), path.size());
  while (path.starts_with('/')) {
    const std::string_view segment = next_segment(path);
    if (is_rest(segment)) {
      shape.rest = true;
    } else if (is_brace(segment)) {
      ++shape.braces;
    } else if (!segment.empty()) {
      ++shape.literals;
    }
  }
  return shape;
}

}  // namespace sidespan::route

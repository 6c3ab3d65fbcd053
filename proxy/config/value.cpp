// SPDX-License-Identifier: Apache-2.0
#include "config/value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/text.hpp"
#include "base/units.hpp"
#include "config/address.hpp"
#include "config/suggest.hpp"
#include "route/table.hpp"

namespace sidespan::config {
namespace {

using std::chrono::milliseconds;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool listed(std::string_view words, std::string_view word) {
  const auto all = split(words, '|');
  return std::find(all.begin(), all.end(), word) != all.end();
}

std::string either(std::string_view words) {
  std::string out;
  for (const std::string_view word : split(words, '|')) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

/// YAML 1.2 core schema (§10.3.2): decimal with leading zeros, 0o octal, 0x hexadecimal.
std::optional<std::uint64_t> parse_integer(std::string_view text) {
  const bool octal = text.substr(0, 2) == "0o";
  const bool hexadecimal = text.substr(0, 2) == "0x";
  if (!octal && !hexadecimal) return base::parse_decimal(text.substr(text.substr(0, 1) == "+" ? 1 : 0));
  text.remove_prefix(2);
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, octal ? 8 : 16);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

/// Whole milliseconds: nothing in sidespan is timed finer.
std::optional<milliseconds> parse_milliseconds(std::string_view text) {
  const auto microseconds = base::parse_duration(text);
  if (!microseconds) return std::nullopt;
  return std::chrono::floor<milliseconds>(*microseconds);
}

/// What is wrong, or empty. `Parse` also reads the bounds of the row's range.
template <typename T, typename Parse>
std::string parse_bounded(const key& row, std::string_view text, Parse parse, const char* expected, value& out) {
  const auto parsed = parse(text);
  if (!parsed) return quoted(text) + " is not " + expected;
  const std::size_t dots = row.range.find("..");
  const bool bounded = dots != std::string_view::npos;
  if (bounded && (*parsed < *parse(row.range.substr(0, dots)) || *parsed > *parse(row.range.substr(dots + 2)))) {
    return std::string(text) + " is out of range (" + std::string(row.range) + ")";
  }
  out = T(*parsed);
  return {};
}

std::string parse_choice(const key& row, std::string_view text) {
  if (listed(row.range, text) || listed(row.words, text)) return {};
  if (listed(row.later, text)) return quoted(text) + " is not supported yet by this version";
  std::string all(row.range);
  if (!row.words.empty()) all += "|" + std::string(row.words);
  return quoted(text) + " is not one of " + either(all) + did_you_mean(text, split(all, '|'));
}

std::string parse_toggle(std::string_view text, value& out) {
  const bool on = text == "on" || text == "true" || text == "True" || text == "TRUE";
  const bool off = text == "off" || text == "false" || text == "False" || text == "FALSE";
  if (!on && !off) return quoted(text) + " is not on or off";
  out = on;
  return {};
}

std::string parse_match(std::string_view text) {
  const match_parts parts = split_match(text);
  if (parts.method.empty() && parts.path_template.empty()) return "expected a method, a path, or both: GET /carts/{id}";
  if (!parts.method.empty() && !is_token(parts.method)) return quoted(text) + " is not METHOD /path";
  std::string upper = parts.method;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  if (upper != parts.method) return "methods are case-sensitive: write " + upper;
  if (parts.path_template.empty()) return {};
  if (parts.path_template.front() != '/') return "the path of " + quoted(text) + " must begin with /";
  return route::check_template(parts.path_template);
}

std::string parse_prefix(std::string_view text) {
  if (text.substr(0, 1) != "/") return quoted(text) + " must begin with /";
  if (text.find_first_of("?#") != std::string_view::npos) return quoted(text) + ": a query is not part of a path";
  if (text.find_first_of("{}*") != std::string_view::npos)
    return quoted(text) + " is a prefix: a template goes into match";
  return {};
}

std::string parse_host(std::string_view text) {
  const std::string_view name = text.substr(text.substr(0, 2) == "*." ? 2 : 0);
  if (name.find('*') != std::string_view::npos)
    return quoted(text) + ": a * stands only at the beginning, like *.example.com";
  return is_host(name) ? std::string{} : quoted(text) + " is not a host name without port";
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string parse_plain_text(const key& row, std::string_view text, value& out) {
  std::string wrong;
  if (row.kind == kind::match) wrong = parse_match(text);
  if (row.kind == kind::prefix) wrong = parse_prefix(text);
  if (row.kind == kind::output && !listed(row.words, text) && text.substr(0, 1) != "/")
    wrong = quoted(text) + " is not " + either(row.words) + " or a path that begins with /";
  if (row.kind == kind::choice) wrong = parse_choice(row, text);
  if (row.kind == kind::host) wrong = parse_host(text);
  if (row.kind == kind::field && !is_token(text)) wrong = quoted(text) + " is not the name of a header field";
  if (row.kind == kind::metadata && !is_printable(text)) wrong = "may hold printable ASCII characters only";
  if (row.path == "service" && text.empty()) wrong = "may not be empty";
  out = row.kind == kind::host || row.kind == kind::field ? base::to_lower(text) : std::string(text);
  return wrong;
}

std::string parse_scalar(const key& row, std::string_view text, value& out) {
  switch (row.kind) {
    case kind::toggle:
      return parse_toggle(text, out);
    case kind::integer:
      if (listed(row.words, text)) return out = std::uint64_t{0}, "";
      return parse_bounded<std::uint64_t>(row, text, parse_integer, "a whole number", out);
    case kind::ratio:
      return parse_bounded<double>(row, text, parse_number, "a number from 0 to 1", out);
    case kind::duration:
      return parse_bounded<milliseconds>(row, text, parse_milliseconds,
                                         "a duration: write a number and a unit, like 250ms, 3s or 5m", out);
    case kind::size:
      return parse_bounded<std::uint64_t>(row, text, base::parse_size,
                                          "a size: write a number and a unit, like 64KiB or 512MiB", out);
    case kind::upstream:
      return parse_upstream(text, out.emplace<forward::cluster_settings>());
    case kind::listen:
      out = address{};
      if (listed(row.words, text)) return {};
      return parse_listen(text, row.path == "admin.listen" ? "0.0.0.0" : "127.0.0.1", std::get<address>(out));
    default:
      return parse_plain_text(row, text, out);
  }
}

class parser {
 public:
  parser(const key& row, std::string_view name, const origin& where, report& problems)
      : row_(row), name_(name), where_(where), problems_(problems) {}

  std::optional<value> parse(const node& given) {
    if (given.kind == node::kind::null) return fail(given, "has no value");
    if (row_.kind == kind::list || row_.kind == kind::networks) return parse_list(given);
    if (row_.kind == kind::sampler) return parse_sampler(given);
    if (row_.kind == kind::upstream && given.kind == node::kind::list) return parse_endpoints(given);
    if (const std::string wrong = wrong_name(); !wrong.empty()) return fail(given, wrong);
    if (given.kind != node::kind::scalar) return fail(given, "expected one value, not a list or map");
    if (row_.kind == kind::endpoint && !listed(row_.words, given.text)) return parse_collector(given);
    value out;
    if (const std::string wrong = parse_scalar(row_, given.text, out); !wrong.empty()) return fail(given, wrong);
    return out;
  }

 private:
  origin at(const node& given) const { return {where_.layer, where_.source, given.line, given.column}; }

  std::nullopt_t fail(const node& given, const std::string& wrong) {
    problems_.error(at(given), std::string(name_) + ": " + wrong);
    return std::nullopt;
  }

  /// Of keys that people choose.
  std::string wrong_name() const {
    if (row_.path == "resource.*" && name_ == "resource.service.name") return "is written as service: at the top";
    if (row_.kind != kind::metadata) return {};
    const std::string_view field = name_.substr(row_.path.size() - 1);
    return is_token(field) ? std::string{} : quoted(field) + " is not the name of a header field";
  }

  std::optional<value> parse_collector(const node& given) {
    std::string endpoint;
    std::string odd;
    if (const std::string wrong = parse_endpoint(given.text, endpoint, odd); !wrong.empty()) return fail(given, wrong);
    if (!odd.empty()) problems_.warning(at(given), std::string(name_) + ": " + odd);
    return value(endpoint);
  }

  std::optional<value> parse_endpoints(const node& given) {
    if (given.items.empty()) return fail(given, "has no value");
    forward::cluster_settings all;
    bool fine = true;
    for (const node& item : given.items) fine = take_endpoint(item, all) && fine;
    if (!fine) return std::nullopt;
    return value(std::move(all));
  }

  bool take_endpoint(const node& item, forward::cluster_settings& all) {
    forward::cluster_settings one;
    if (item.kind != node::kind::scalar) return fail(item, "expected a list of upstreams"), false;
    if (const std::string wrong = parse_upstream(item.text, one); !wrong.empty()) return fail(item, wrong), false;
    using protocol = enum forward::cluster_settings::protocol;
    const protocol agreed = all.protocol == protocol::any ? one.protocol : all.protocol;
    if (one.protocol != protocol::any && one.protocol != agreed)
      return fail(item, "either all of them are tcp:// or none is"), false;
    const auto& known = all.endpoints;
    if (std::find(known.begin(), known.end(), one.endpoints.front()) != known.end())
      return fail(item, quoted(item.text) + " is there twice"), false;
    if (known.empty()) {
      all = std::move(one);
    } else {
      all.name += "," + one.name;
      all.endpoints.push_back(std::move(one.endpoints.front()));
    }
    all.protocol = agreed;
    return true;
  }

  std::optional<value> parse_list(const node& given) {
    if (given.kind == node::kind::map) return fail(given, "expected a list");
    if (given.kind == node::kind::scalar && listed(row_.words, given.text)) {
      return value(std::vector<std::string>{given.text});
    }
    std::vector<std::string> out;
    bool fine = true;
    const bool one = given.kind == node::kind::scalar;
    for (const node *item = one ? &given : given.items.data(), *end = one ? item + 1 : item + given.items.size();
         item != end; ++item) {
      fine = take_item(*item, out) && fine;
    }
    if (!fine) return std::nullopt;
    if (out.empty() && (!row_.range.empty() || row_.kind == kind::networks))
      return fail(given, "is empty: write " + std::string(split(row_.words, '|').back()));
    return value(out);
  }

  bool take_item(const node& item, std::vector<std::string>& out) {
    if (item.kind != node::kind::scalar || item.text.empty()) return fail(item, "expected a list of words"), false;
    const bool checked = !row_.range.empty() || row_.kind == kind::networks;
    if (checked && listed(row_.words, item.text))
      return fail(item, quoted(item.text) + " stands alone, not in a list"), false;
    if (!row_.range.empty()) {
      if (const std::string wrong = parse_choice(row_, item.text); !wrong.empty()) return fail(item, wrong), false;
    }
    if (row_.kind == kind::networks && !forward::networks().add(item.text))
      return fail(item,
                  quoted(item.text) + " is not " + either(row_.words) + ", an address or a network like 10.0.0.0/8"),
             false;
    // OTEL_PROPAGATORS: "values MUST be deduplicated"; elsewhere a repeated word means nothing more either.
    if (std::find(out.begin(), out.end(), item.text) == out.end()) out.push_back(item.text);
    return true;
  }

  static constexpr const char* sampler_forms = "expected always_on, always_off, { ratio: 0.1 } or { parent_based: … }";

  std::optional<value> parse_sampler(const node& given) {
    trace::sampler_settings out;
    const bool nested =
        given.kind == node::kind::map && given.items.size() == 1 && given.keys[0].text == "parent_based";
    out.parent_based = nested;
    if (!parse_root(nested ? given.items[0] : given, out)) return std::nullopt;
    return value(out);
  }

  bool parse_root(const node& given, trace::sampler_settings& out) {
    using root = trace::sampler_settings::root_kind;
    if (given.kind == node::kind::scalar) {
      if (given.text != "always_on" && given.text != "always_off")
        return fail(given, quoted(given.text) + ": " + sampler_forms), false;
      out.root = given.text == "always_on" ? root::always_on : root::always_off;
      return true;
    }
    if (given.kind != node::kind::map || given.items.size() != 1) return fail(given, sampler_forms), false;
    if (given.keys[0].text != "ratio")
      return fail(given.keys[0], quoted(given.keys[0].text) + ": " + sampler_forms), false;
    const auto ratio = parse_number(given.items[0].text);
    if (!ratio || *ratio < 0 || *ratio > 1)
      return fail(given.items[0], quoted(given.items[0].text) + " is not a ratio from 0 to 1"), false;
    out.root = root::ratio;
    out.ratio = *ratio;
    return true;
  }

  const key& row_;
  std::string_view name_;
  const origin& where_;
  report& problems_;
};

}  // namespace

match_parts split_match(std::string_view text) {
  const std::size_t blank = text.find(' ');
  if (text.substr(0, 1) == "/") return {"", std::string(text)};
  if (blank == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, blank)), std::string(base::trim_ows(text.substr(blank)))};
}

std::optional<value> parse_value(const key& row, const node& given, std::string_view name, const origin& where,
                                 report& problems) {
  return parser(row, name, where, problems).parse(given);
}

}  // namespace sidespan::config

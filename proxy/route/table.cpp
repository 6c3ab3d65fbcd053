// SPDX-License-Identifier: Apache-2.0
#include "route/table.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/text.hpp"
#include "route/path_template.hpp"

namespace sidespan::route {
namespace {

/// RFC 3986 §3.3: `/api` covers `/api` and `/api/x`, not `/apix`.
bool covers(std::string_view prefix, std::string_view path) noexcept {
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || prefix.empty() || prefix.back() == '/' || path[prefix.size()] == '/';
}

/// `*.example.com`: every name that ends in `.example.com`, however deep; not `example.com` itself.
bool is_wildcard(std::string_view host) noexcept { return host.starts_with("*."); }

bool host_fits(std::string_view wanted, std::string_view host) noexcept {
  if (!is_wildcard(wanted)) return wanted.empty() || base::iequals(wanted, host);
  const std::string_view suffix = wanted.substr(1);
  return host.size() > suffix.size() && base::iequals(host.substr(host.size() - suffix.size()), suffix);
}

/// Every host that fits `narrow` fits `wide`.
bool host_includes(std::string_view wide, std::string_view narrow) noexcept {
  if (wide.empty() || wide == narrow) return true;
  if (narrow.empty() || !is_wildcard(wide)) return false;
  return host_fits(wide, is_wildcard(narrow) ? narrow.substr(1) : narrow);
}

/// Every path that fits `narrow` fits `wide`, for certain.
bool path_includes(const rule_settings& wide, const rule_settings& narrow) noexcept {
  if (wide.path_template.empty()) {
    const std::string_view path = narrow.path_template.empty() ? narrow.path_prefix : narrow.path_template;
    return covers(wide.path_prefix, path.substr(0, shape_of(path).literal_beginning));
  }
  if (!narrow.path_template.empty()) return template_includes(wide.path_template, narrow.path_template);
  // What follows a prefix is anything, so the template must have reached its `{rest*}` by then.
  return shape_of(wide.path_template).rest && !narrow.path_prefix.empty() &&
         fits(wide.path_template, narrow.path_prefix);
}

bool includes(const rule_settings& wide, const rule_settings& narrow) noexcept {
  return (wide.method.empty() || wide.method == narrow.method) && host_includes(wide.host, narrow.host) &&
         path_includes(wide, narrow);
}

/// Exact, wildcard by length, any.
std::size_t host_rank(std::string_view host) noexcept {
  return is_wildcard(host) || host.empty() ? host.size() : ~std::size_t{0};
}

/// Sorts before what is less specific; larger is more specific in every place.
auto specificity(const rule_settings& rule) noexcept {
  const bool templated = !rule.path_template.empty();
  const path_shape shape = shape_of(templated ? rule.path_template : rule.path_prefix);
  const bool closed = templated && !shape.rest;
  return std::tuple(host_rank(rule.host), shape.literals, closed, shape.braces, shape.literal_beginning,
                    !rule.method.empty());
}

}  // namespace

table::table(std::vector<rule_settings> rules) : rules_(std::move(rules)), order_(rules_.size()) {
  for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = i;
  std::stable_sort(order_.begin(), order_.end(),
                   [this](std::size_t a, std::size_t b) { return specificity(rules_[a]) > specificity(rules_[b]); });
}

const rule_settings* table::match(std::string_view method, std::string_view host,
                                  std::string_view path) const noexcept {
  for (const std::size_t index : order_) {
    const rule_settings& rule = rules_[index];
    if (!rule.method.empty() && rule.method != method) continue;
    if (!host_fits(rule.host, host)) continue;
    const bool fitting = rule.path_template.empty() ? covers(rule.path_prefix, path) : fits(rule.path_template, path);
    if (fitting) return &rule;
  }
  return nullptr;
}

std::vector<table::unreachable> table::find_unreachable() const {
  std::vector<unreachable> found;
  for (std::size_t later = 0; later < order_.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      if (!includes(rules_[order_[earlier]], rules_[order_[later]])) continue;
      found.push_back({order_[later], order_[earlier]});
      break;
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.rule < b.rule; });
  return found;
}

}  // namespace sidespan::route

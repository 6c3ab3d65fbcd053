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

/// Sorts before what is less specific; larger is more specific in every place.
auto specificity(const rule_settings& rule) noexcept {
  const bool templated = !rule.path_template.empty();
  const path_shape shape = shape_of(templated ? rule.path_template : rule.path_prefix);
  const bool closed = templated && !shape.rest;
  return std::tuple(!rule.host.empty(), shape.literals, closed, shape.braces, shape.literal_beginning,
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
    if (!rule.host.empty() && !base::iequals(rule.host, host)) continue;
    const bool fitting = rule.path_template.empty() ? covers(rule.path_prefix, path) : fits(rule.path_template, path);
    if (fitting) return &rule;
  }
  return nullptr;
}

}  // namespace sidespan::route

// SPDX-License-Identifier: Apache-2.0
//
// Head → rule (stage route). Immutable after construction; any thread. The most specific rule that fits wins: exact
// host before `*.` wildcard (the longer one first) before any host; then more literal path segments before fewer, in a
// template or a prefix alike; then a template of fixed length before one that ends in `{rest*}` and before a prefix;
// then more braces; then the longer beginning without a brace (so the longer prefix); then a rule with the request's
// method before one for any; then the order of the configuration.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "route/path_template.hpp"
#include "route/rule.hpp"

namespace sidespan::route {

class table {
 public:
  /// Rules are expected to be valid (check_template says what is wrong with a template).
  explicit table(std::vector<rule_settings> rules);

  /// nullptr: no rule. `host` without port, any case. `path` raw, without query. Does not allocate.
  const rule_settings* match(std::string_view method, std::string_view host, std::string_view path) const noexcept;

  const std::vector<rule_settings>& rules() const noexcept { return rules_; }

  /// A rule that no request can reach, because `by` takes all that would fit it. Both index rules().
  struct unreachable {
    std::size_t rule = 0;
    std::size_t by = 0;
  };
  /// Certain cases only, in the order of the configuration.
  std::vector<unreachable> find_unreachable() const;

 private:
  std::vector<rule_settings> rules_;
  std::vector<std::size_t> order_;  // into rules_, most specific first
};

}  // namespace sidespan::route

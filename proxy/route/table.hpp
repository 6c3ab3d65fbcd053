// SPDX-License-Identifier: Apache-2.0
//
// Head → rule (stage route). Immutable after construction; any thread. Most specific wins: exact host before any host,
// then template with more literal segments before fewer, then longer prefix, then order of the configuration; a rule
// with the request's method before one for any.
#pragma once

#include <string_view>
#include <vector>

#include "route/rule.hpp"

namespace sidespan::route {

class table {
 public:
  /// Rules are expected to be valid (parse_template below says what is wrong with a template).
  explicit table(std::vector<rule_settings> rules);

  /// nullptr: no rule. `host` without port, any case. `path` raw, without query.
  const rule_settings* match(std::string_view method, std::string_view host, std::string_view path) const noexcept;

  const std::vector<rule_settings>& rules() const noexcept { return rules_; }

 private:
  std::vector<rule_settings> rules_;
};

/// Empty when `text` is a valid path template, else what is wrong with it ("'{' without '}' at 7").
std::string check_template(std::string_view text);
/// Does `path` fit `path_template`? Both raw; a brace takes one non-empty segment.
bool fits(std::string_view path_template, std::string_view path) noexcept;

}  // namespace sidespan::route

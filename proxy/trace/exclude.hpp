// SPDX-License-Identifier: Apache-2.0
//
// Requests that are passed on untraced (health checks, scrapes): the patterns of settings::exclude, taken apart once.
// Immutable after construction; used by forward/exchange, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sidespan::trace {

class exclusion {
 public:
  /// A pattern that starts with `/` is a path, exact or, when it ends in `/*`, everything below it. Any other one is a
  /// user agent, with `*` at the end standing for any rest. An empty pattern matches nothing.
  explicit exclusion(const std::vector<std::string>& patterns);

  /// `path` raw, without query. Both compared case-sensitively.
  bool matches(std::string_view path, std::string_view user_agent) const noexcept;

 private:
  struct pattern {
    std::string text;
    bool prefix;
    bool fits(std::string_view value) const noexcept { return prefix ? value.starts_with(text) : value == text; }
  };

  std::vector<pattern> paths_;
  std::vector<pattern> agents_;
};

}  // namespace sidespan::trace

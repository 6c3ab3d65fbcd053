// SPDX-License-Identifier: Apache-2.0
#include "trace/exclude.hpp"

#include <algorithm>

namespace sidespan::trace {

exclusion::exclusion(const std::vector<std::string>& patterns) {
  for (const std::string& text : patterns) {
    if (text.empty()) continue;
    const bool path = text.front() == '/';
    const bool prefix = text.ends_with(path ? "/*" : "*");
    auto& list = path ? paths_ : agents_;
    list.push_back({text.substr(0, text.size() - (prefix ? 1 : 0)), prefix});
  }
}

bool exclusion::matches(std::string_view path, std::string_view user_agent) const noexcept {
  return std::any_of(paths_.begin(), paths_.end(), [path](const pattern& p) { return p.fits(path); }) ||
         std::any_of(agents_.begin(), agents_.end(), [user_agent](const pattern& p) { return p.fits(user_agent); });
}

}  // namespace sidespan::trace

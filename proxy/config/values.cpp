// SPDX-License-Identifier: Apache-2.0
#include "config/values.hpp"

#include <utility>

namespace sidespan::config {

void values::put(const config::path& path, const key& row, value checked, const origin& where) {
  const auto [place, fresh] = index_.try_emplace(path, list_.size());
  if (fresh) {
    list_.push_back({path, &row, std::move(checked), where});
  } else {
    setting& old = list_[place->second];
    old.value = std::move(checked);
    old.where = where;
  }
}

void values::set(const config::path& path, const key& row, value checked, const origin& where) {
  for (std::size_t length = 1; length < path.size(); ++length) {
    const config::path above(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(length));
    const key* section = row_at(above);
    if (section && section->assign && !find(above)) put(above, *section, std::monostate{}, where);
  }
  put(path, row, std::move(checked), where);
}

void values::mark_failed(const config::path& path) {
  config::path above;
  for (const std::string& name : path) {
    above.push_back(name);
    failed_.insert(above);
  }
}

bool values::failed(const config::path& path) const { return failed_.contains(path); }

const setting* values::find(const config::path& path) const {
  const auto found = index_.find(path);
  return found == index_.end() ? nullptr : &list_[found->second];
}

}  // namespace sidespan::config

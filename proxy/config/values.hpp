// SPDX-License-Identifier: Apache-2.0
//
// All that was given, by path, each with its origin. Layers are set from the weakest to the strongest, the last one
// stays. Used by load, build and print; one thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/keys.hpp"
#include "config/report.hpp"
#include "config/value.hpp"

namespace sidespan::config {

using path = std::vector<std::string>;

struct setting {
  config::path path;
  const key* row = nullptr;
  config::value value;
  origin where;
};

class values {
 public:
  /// Replaces what a weaker layer said. Sections on the way that mean something by being there are set as well.
  void set(const config::path& path, const key& row, value checked, const origin& where);
  /// A value here, or below, was given and is wrong: what is missing because of it is not worth a second message.
  void mark_failed(const config::path& path);
  bool failed(const config::path& path) const;
  const setting* find(const config::path& path) const;
  /// In the order of first appearance.
  const std::vector<setting>& all() const noexcept { return list_; }

 private:
  void put(const config::path& path, const key& row, value checked, const origin& where);

  std::vector<setting> list_;
  std::map<config::path, std::size_t> index_;
  std::set<config::path> failed_;
};

}  // namespace sidespan::config

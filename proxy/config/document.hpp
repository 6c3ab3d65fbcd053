// SPDX-License-Identifier: Apache-2.0
//
// YAML text → a tree of our own with the place of every node. The only file that knows the YAML library. The tree is
// untyped: a scalar is its text, what it means is up to the key (config/value). Used by load; one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.hpp"

namespace sidespan::config {

struct node {
  enum class kind { null, scalar, list, map };
  enum kind kind = kind::null;
  std::string text;         // of a scalar
  std::vector<node> keys;   // of a map: scalars, one for each of `items`
  std::vector<node> items;  // of a list or a map
  int line = 0;             // 1-based; 0: not from a file
  int column = 0;
};

/// Most nodes of one document, copies made by aliases included: aliases of aliases must not exhaust memory.
inline constexpr std::size_t most_nodes = 20000;
/// Largest file in bytes.
inline constexpr std::size_t most_bytes = 1024 * 1024;

/// nullopt after a syntax error, which is in the report then. Duplicate keys and keys that are not scalars are reported
/// and left out. An empty document is a null node. `where` gives layer and source of what is reported.
std::optional<node> parse_document(std::string_view text, const origin& where, report& problems);

}  // namespace sidespan::config

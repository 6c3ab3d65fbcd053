// SPDX-License-Identifier: Apache-2.0
//
// Names for requests that no configured route names: `/carts/42` → `/carts/{id}`. Segments that look like values
// (numbers, UUIDs, hashes, long tokens) become `{id}`; each listener learns a bounded number of templates and calls all
// further ones `/*`. Used by forward/leg; shared by all shards: looking up takes no lock and does not allocate, only a
// template that is met for the first time does.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sidespan::route {

/// Does this path segment look like a value instead of a word that a programmer chose? docs/routing.md has the rules.
bool looks_like_value(std::string_view segment) noexcept;

class inferred_routes {
 public:
  /// Name of all paths once `most` templates are known.
  static constexpr std::string_view overflow = "/*";
  /// Segments of a template; deeper ones become one `*`.
  static constexpr std::size_t deepest = 10;

  /// Most templates to learn. 1..
  explicit inferred_routes(std::size_t most);
  inferred_routes(const inferred_routes&) = delete;
  inferred_routes& operator=(const inferred_routes&) = delete;

  /// `path` raw, without query. Lives as long as this object. Empty for what is no path (`*`).
  std::string_view of(std::string_view path);

 private:
  struct known {
    std::size_t hash;
    std::string text;
  };
  /// Where `text` is, or the free place where it belongs.
  std::atomic<const known*>& place_of(std::string_view text, std::size_t hash) noexcept;
  std::string_view learn(std::string_view text, std::size_t hash);

  const std::size_t most_;
  std::vector<std::atomic<const known*>> places_;  // open addressing, at most half full
  std::atomic<std::size_t> used_{0};
  std::mutex learning_;
  std::vector<std::unique_ptr<const known>> all_;
};

}  // namespace sidespan::route

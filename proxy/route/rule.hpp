// SPDX-License-Identifier: Apache-2.0
//
// What the configuration says for a request. Settings are plain values; the table made from them is immutable and
// shared by all shards.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sidespan::route {

struct rule_settings {
  /// Empty: any method.
  std::string method;
  /// Host the request must be for, without port, lower case; `*.example.com`: any name below it; empty: any.
  std::string host;
  /// Path prefix that must match at a segment border; empty: any. Exclusive with `path_template`.
  std::string path_prefix;
  /// `/carts/{id}`: one segment per brace; `{rest*}` at the end takes all that is left. Empty: none.
  std::string path_template;
  /// Span name target (http.route). Empty: the template, else none.
  std::string name;
  /// Whole exchange; nullopt: the listener's.
  std::optional<std::chrono::milliseconds> timeout;
  /// Most times that a request is repeated; nullopt: the listener's.
  std::optional<std::uint32_t> retries;
  /// Head sampling ratio for new traces; nullopt: the sampler's.
  std::optional<double> sample;
  /// Index into the clusters of the listener.
  std::size_t cluster = 0;

  /// The low-cardinality name of what this rule matches; empty when the configuration gave none.
  std::string_view route() const noexcept { return name.empty() ? path_template : name; }

  friend bool operator==(const rule_settings&, const rule_settings&) = default;
};

}  // namespace sidespan::route

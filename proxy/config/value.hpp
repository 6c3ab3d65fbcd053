// SPDX-License-Identifier: Apache-2.0
//
// A checked value of one key: parsed from a node by the kind of its key, and written back as YAML. Pure; used by all of
// config.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/document.hpp"
#include "config/keys.hpp"
#include "config/report.hpp"
#include "forward/settings.hpp"
#include "trace/settings.hpp"

namespace sidespan::config {

/// Where to listen: `8080`, `127.0.0.1:8080`, `[::1]:0`. An empty host: nowhere ("off").
struct address {
  std::string host;
  std::uint16_t port = 0;
};

/// monostate: a section that was given.
using value = std::variant<std::monostate, bool, std::uint64_t, double, std::chrono::milliseconds, std::string,
                           std::vector<std::string>, address, forward::cluster_settings, trace::sampler_settings>;

/// nullopt after reporting what is wrong, with `name` (the key's full path) before it.
std::optional<value> parse_value(const key& row, const node& given, std::string_view name, const origin& where,
                                 report& problems);

/// As it would be written in the file.
std::string to_yaml(const key& row, const value& checked);
/// A scalar, quoted when YAML or `${` would read it otherwise.
std::string yaml_scalar(std::string_view text);

/// `GET /carts/{id}`: method and template, either may be missing.
struct match_parts {
  std::string method;
  std::string path_template;
};
match_parts split_match(std::string_view text);

}  // namespace sidespan::config

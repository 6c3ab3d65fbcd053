// SPDX-License-Identifier: Apache-2.0
//
// The configuration in one call: flags, environment and file → checked settings, or every reason why not. Pure: what is
// read from the outside comes in as `sources`. Used by cli at start-up.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/settings.hpp"
#include "config/report.hpp"
#include "config/substitute.hpp"
#include "config/values.hpp"

namespace sidespan::config {

/// A command line flag that stands for a key.
struct flag {
  std::string name;               // "--in"
  std::vector<std::string> path;  // {"inbound", "8080", "to"}
  std::string text;               // "localhost:3000"
};

struct sources {
  /// File name for messages; empty: no file.
  std::string file;
  std::string text;
  environment variables;
  std::vector<flag> flags;
  /// What `workers: auto` means here. 1..
  std::size_t processors = 1;
};

struct outcome {
  /// nullopt when one of the problems is an error.
  std::optional<app::settings> settings;
  /// Sorted; warnings may be there beside valid settings.
  std::vector<problem> problems;
  /// Everything that was given, by whom (`config print`).
  values given;
};

/// Precedence: flag > SIDESPAN_* > OTEL_* > file > default.
outcome load(const sources& from);

/// The viewer alone: flags and SIDESPAN_VIEWER_* variables, nothing else is required. nullopt: errors in `problems`.
std::optional<app::embedded_viewer_settings> load_viewer(const sources& from, std::vector<problem>& problems);

}  // namespace sidespan::config

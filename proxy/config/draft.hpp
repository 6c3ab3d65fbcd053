// SPDX-License-Identifier: Apache-2.0
//
// Settings in the making: what the assign functions of the key table write into. Used by keys and build; one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/settings.hpp"
#include "config/report.hpp"
#include "config/value.hpp"

namespace sidespan::config {

struct rule_draft {
  /// Its place in the list, as messages name it.
  std::string index;
  route::rule_settings rule;
  std::optional<forward::cluster_settings> to;
  origin where;
  /// Something in it was wrong and has been reported.
  bool incomplete = false;
};

struct listener_draft {
  forward::listener_settings settings;
  std::optional<forward::cluster_settings> to;
  std::string cluster_name;
  std::string protocol;  // as written; empty: not given
  std::vector<rule_draft> rules;
  origin where;
  bool incomplete = false;
};

struct draft {
  app::settings settings;
  app::embedded_viewer_settings viewer;
  bool has_viewer = false;
  otlp::exporter_settings exporter;
  bool has_exporter = true;
  correlate::settings correlate;
  bool has_correlate = true;
  std::vector<listener_draft> listeners;
  std::size_t inferred_routes = forward::listener_settings{}.inferred_routes;
  std::size_t processors = 1;
  /// What the value at hand belongs to; set by build before it calls assign.
  listener_draft* listener = nullptr;
  rule_draft* rule = nullptr;
};

}  // namespace sidespan::config

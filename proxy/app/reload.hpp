// SPDX-License-Identifier: Apache-2.0
//
// What a reload may change and what it may not: decisions on two configurations, without doing anything. Used by
// app/sidecar when SIGHUP comes and by `sidespan check --reload-from`. Pure; any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/settings.hpp"

namespace sidespan::app {

/// The configuration, read again.
struct reread {
  /// nullopt: it is wrong.
  std::optional<settings> configured;
  /// One line each, with file:line:column; beside valid settings these are warnings.
  std::vector<std::string> problems;
};
using reader = std::function<reread()>;

/// The same socket serves both: leg, address and port are equal (and the key, where the system picked the port).
bool same_place(const forward::listener_settings& a, const forward::listener_settings& b) noexcept;

/// Why listeners of `next` cannot be opened beside those of `running`: their ports are only free afterwards. One
/// sentence each; empty: they can.
std::vector<std::string> clashes(const settings& running, const settings& next);

/// Keys (or sections) that differ and take effect at the next start only.
std::vector<std::string> restart_needed(const settings& running, const settings& next);
/// Puts those back to what is running.
void keep_until_restart(const settings& running, settings& next);

}  // namespace sidespan::app

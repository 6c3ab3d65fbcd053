// SPDX-License-Identifier: Apache-2.0
#include "app/reload.hpp"

#include <algorithm>
#include <utility>

namespace sidespan::app {
namespace {

using forward::listener_settings;

bool overlap(const std::string& a, const std::string& b) {
  const auto any = [](const std::string& address) { return address == "*" || address == "0.0.0.0" || address == "::"; };
  return a == b || any(a) || any(b);
}

bool has_place(const std::vector<listener_settings>& all, const listener_settings& one) {
  return std::any_of(all.begin(), all.end(), [&one](const auto& each) { return same_place(each, one); });
}

/// Calls with (key, member of running, member of next) for everything that is fixed at start.
template <class Visit>
void each_fixed(const settings& running, settings& next, Visit visit) {
  visit("service", running.service, next.service);
  visit("resource", running.resource, next.resource);
  visit("trace.correlate", running.correlate, next.correlate);
  visit("export", running.exporter, next.exporter);
  visit("export", running.collect, next.collect);
  visit("admin", running.admin_listen, next.admin_listen);
  visit("viewer", running.viewer, next.viewer);
  visit("log.format", running.log.format, next.log.format);
  visit("limits.workers", running.workers, next.workers);
}

}  // namespace

bool same_place(const listener_settings& a, const listener_settings& b) noexcept {
  return a.leg == b.leg && a.address == b.address && a.port == b.port && (a.port != 0 || a.key == b.key);
}

std::vector<std::string> clashes(const settings& running, const settings& next) {
  std::vector<std::string> out;
  for (const listener_settings& added : next.listeners) {
    if (added.port == 0 || has_place(running.listeners, added)) continue;
    for (const listener_settings& there : running.listeners) {
      if (there.port != added.port || !overlap(there.address, added.address)) continue;
      out.push_back("listener " + added.key + " needs the port of listener " + there.key +
                    ", which is only free after this reload: reload without either first, or restart");
    }
  }
  return out;
}

std::vector<std::string> restart_needed(const settings& running, const settings& next) {
  std::vector<std::string> out;
  settings other = next;
  // The resource repeats the service.
  other.resource.service = running.resource.service;
  each_fixed(running, other, [&out](const char* key, const auto& a, const auto& b) {
    if (a != b && (out.empty() || out.back() != key)) out.emplace_back(key);
  });
  return out;
}

void keep_until_restart(const settings& running, settings& next) {
  each_fixed(running, next, [](const char*, const auto& from, auto& to) { to = from; });
}

}  // namespace sidespan::app

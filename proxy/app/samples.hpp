// SPDX-License-Identifier: Apache-2.0
//
// The metrics that are not counted on the data path: the exporter's books, the process, the build and the
// configuration. Read when the admin page is asked; any thread.
#pragma once

#include <vector>

#include "app/access_log.hpp"
#include "app/settings.hpp"
#include "collect/worker.hpp"
#include "metrics/exposition.hpp"

namespace sidespan::app {

void add_books(const collect::books& books, std::vector<metrics::sample>& out);
void add_access_log(const access_log_counts& counts, std::vector<metrics::sample>& out);
/// What the data path holds at the moment.
struct held {
  std::size_t buffer_bytes = 0;
  std::size_t idle_upstream_connections = 0;
  std::size_t ledger_entries = 0;
  std::size_t ledger_endless = 0;
};
void add_held(const held& now, std::vector<metrics::sample>& out);
void add_process(std::vector<metrics::sample>& out);
/// How often a configuration was put in force, or refused, since the start.
struct reload_counts {
  std::uint64_t applied = 0;
  std::uint64_t refused = 0;
  bool last_applied = true;
};
void add_reloads(const reload_counts& counts, std::vector<metrics::sample>& out);
void add_build(const settings& configured, std::vector<metrics::sample>& out);

}  // namespace sidespan::app

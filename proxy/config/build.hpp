// SPDX-License-Identifier: Apache-2.0
//
// Checked values → settings: assigns each to its place and checks what only shows when all are there. Used by load.
#pragma once

#include <cstddef>

#include "app/settings.hpp"
#include "config/report.hpp"
#include "config/values.hpp"

namespace sidespan::config {

/// `whole`: where to report what is missing altogether.
app::settings build(const values& given, std::size_t processors, const origin& whole, report& problems);

/// The viewer section alone; on without being asked for.
app::embedded_viewer_settings build_viewer(const values& given, report& problems);

}  // namespace sidespan::config

// SPDX-License-Identifier: Apache-2.0
//
// Raises the limit of open files to what the system allows: a proxy needs two per exchange. Called once at start.
#pragma once

namespace sidespan::app {

/// Logs the limit that holds afterwards when it is low.
void raise_file_limit();

}  // namespace sidespan::app

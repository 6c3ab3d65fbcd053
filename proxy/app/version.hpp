// SPDX-License-Identifier: Apache-2.0
//
// The version of this build, as CMake knows it.
#pragma once

namespace sidespan::app {

constexpr const char* version() noexcept { return SIDESPAN_VERSION; }

}  // namespace sidespan::app

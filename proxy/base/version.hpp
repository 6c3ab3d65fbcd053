// SPDX-License-Identifier: Apache-2.0
//
// The version of this build, as CMake knows it. Any thread.
#pragma once

namespace sidespan::base {

/// "0.1.0"
const char* version() noexcept;

}  // namespace sidespan::base

// SPDX-License-Identifier: Apache-2.0
#include "base/version.hpp"

namespace sidespan::base {

const char* version() noexcept { return SIDESPAN_VERSION; }

}  // namespace sidespan::base

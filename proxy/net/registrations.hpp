// SPDX-License-Identifier: Apache-2.0
//
// Memory of what Asio's reactor knows of a descriptor, made in one place when a loop begins. Asio makes it when it is
// needed and keeps it for the next one, for ever: between the memory of connections it would keep the pages of all of
// them from going back to the system (docs/adr/020). Used by app/shard before its loop runs.
#pragma once

#include <cstddef>

#include "net/task.hpp"

namespace sidespan::net {

/// For so many descriptors at once. Costs some 170 bytes for each; without a temporary file in memory nothing happens.
void make_registrations(asio::io_context& loop, std::size_t count);

}  // namespace sidespan::net

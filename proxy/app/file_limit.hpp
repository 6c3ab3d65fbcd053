// SPDX-License-Identifier: Apache-2.0
//
// The limit of open files, and how many connections it is enough for: a proxy needs two files per exchange. Used by app
// at start; control thread.
#pragma once

#include <cstddef>

namespace sidespan::app {

/// To what the system allows.
void raise_file_limit();
/// Of this process, now; 0: that cannot be told.
std::size_t count_open_files();

/// Most downstream connections of which each can still have one upstream: half of what `open` files and some to spare
/// leave of `files`. 1..
std::size_t connections_within(std::size_t files, std::size_t open) noexcept;
/// The same for this process as it is; says so in the log when that is less than `wanted`.
std::size_t connections_by_files(std::size_t wanted);

}  // namespace sidespan::app

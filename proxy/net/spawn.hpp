// SPDX-License-Identifier: Apache-2.0
//
// The only place that starts a coroutine of its own, and the only catch on the data path: an exception that leaves a
// spawned coroutine is a bug (or memory running out), is logged, and ends that coroutine alone. The coroutine gets its
// arguments by value; capturing lambdas must not be spawned.
#pragma once

#include <string_view>

#include "net/task.hpp"

namespace sidespan::net {

/// Runs on the executor's thread, from its next turn on; a loop that ends before destroys it. `what` is a literal for
/// the log. Any thread.
void spawn(const executor& where, task<void> coroutine, const char* what);

}  // namespace sidespan::net

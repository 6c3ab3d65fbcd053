// SPDX-License-Identifier: Apache-2.0
//
// The only place that starts a coroutine of its own, and the only catch on the data path: an exception that leaves a
// spawned coroutine is a bug (or memory running out), is logged, and ends that coroutine alone. The coroutine gets its
// arguments by value; capturing lambdas must not be spawned.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <string_view>

#include "net/task.hpp"

namespace sidespan::net {

/// Logs what `error` holds; `what` names the coroutine.
void report_stray_exception(std::exception_ptr error, std::string_view what) noexcept;

/// `what` is a literal for the log. Runs on the executor's thread, from its next turn on.
inline void spawn(const executor& where, task<void> coroutine, const char* what) {
  asio::co_spawn(where, std::move(coroutine), [what](std::exception_ptr error) {
    if (error) report_stray_exception(std::move(error), what);
  });
}

}  // namespace sidespan::net

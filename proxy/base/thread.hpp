// SPDX-License-Identifier: Apache-2.0
//
// How the threads beside the main one begin that must not take its signals: the export's and the access log's.
#pragma once

#include <functional>
#include <thread>

namespace sidespan::base {

/// Signals are for the main thread: neither this one gets any, nor those that it starts. `name`: at most 15 characters,
/// a literal, shown by ps and top. Throws std::system_error when the system has no more threads.
std::thread start_thread(const char* name, std::function<void()> body);

}  // namespace sidespan::base

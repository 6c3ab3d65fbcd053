// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with values that are right one by one: missing ones, two listeners on one port, a listener that sends
// to itself. Used by build.
#pragma once

#include <string>

#include "config/draft.hpp"
#include "config/report.hpp"
#include "config/values.hpp"

namespace sidespan::config {

/// "inbound.8080"
std::string describe_listener(const listener_draft& listener);

/// The part of it that holds for the viewer alone.
void check_viewer(const draft& work, const values& given, report& problems);
void check(const draft& work, const values& given, const origin& whole, report& problems);

}  // namespace sidespan::config

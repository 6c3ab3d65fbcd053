// SPDX-License-Identifier: Apache-2.0
//
// A configuration as YAML again: everything that holds with its origin, or the defaults alone. Pure; used by cli.
#pragma once

#include <string>
#include <vector>

#include "config/report.hpp"
#include "config/values.hpp"

namespace sidespan::config {

/// Every value, defaults included, each with a comment that names its origin. Secrets are redacted.
std::string print(const values& given);
/// The same as JSON: [{"key", "value", "origin"}, …].
std::string print_json(const values& given);
/// A file that says what holds without a file. It loads, once a service and a listener are given beside it.
std::string print_defaults();
/// What is wrong, for machines: {"valid", "problems": [{"severity", "source", "line", "column", "message"}, …]}.
std::string problems_json(bool valid, const std::vector<problem>& problems);

}  // namespace sidespan::config

// SPDX-License-Identifier: Apache-2.0
//
// "Did you mean …?" for keys, words and variables. Pure; used by all of config.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sidespan::config {

/// `, did you mean "timeout"?` for the nearest of `known`; empty when none is near.
std::string did_you_mean(std::string_view given, const std::vector<std::string_view>& known);

}  // namespace sidespan::config

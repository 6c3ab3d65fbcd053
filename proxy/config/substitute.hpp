// SPDX-License-Identifier: Apache-2.0
//
// `${VAR}`, `${VAR:-default}`, `${VAR:?message}` and `$$` in scalars, after parsing: what a variable holds can never
// change the structure of the document. Pure; used by load.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "config/document.hpp"
#include "config/report.hpp"

namespace sidespan::config {

using environment = std::map<std::string, std::string, std::less<>>;

/// The text with its variables replaced. As in a shell, `:-` and `:?` take an empty variable for an unset one; a plain
/// `${VAR}` needs a variable that is set. False with the reason in `out` when that fails.
bool substitute(std::string_view text, const environment& variables, std::string& out);

/// All scalars of a tree, keys excepted. Reports what fails; the scalar keeps its text then.
void substitute(node& tree, const environment& variables, const origin& where, report& problems);

}  // namespace sidespan::config

// SPDX-License-Identifier: Apache-2.0
//
// The three givers of values: the document, the environment, the flags. Each checks what it is given against the key
// table and sets it; what is wrong goes into the report. Used by load, in the order of precedence; one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"
#include "config/report.hpp"
#include "config/substitute.hpp"
#include "config/values.hpp"

namespace sidespan::config {

struct flag;

/// `inbound.8080.routes.0.match` → `inbound.8080.routes[0].match`, as messages name it.
std::string dotted(const path& path);

void read_document(const node& tree, const origin& where, values& into, report& problems);
/// One value for one key, from a flag or a variable: text, or YAML for lists and samplers.
void read_text(const path& path, std::string_view text, const origin& where, values& into, report& problems);
/// SIDESPAN_*: wrong values are errors.
void read_variables(const environment& variables, values& into, report& problems);
/// OTEL_*: wrong values are warnings and count as unset (specs §4.5).
void read_otel_variables(const environment& variables, values& into, report& problems);
void read_flags(const std::vector<flag>& flags, values& into, report& problems);

}  // namespace sidespan::config

// SPDX-License-Identifier: Apache-2.0
//
// The key table for machines and for people: a JSON Schema for editors, and docs/configuration.md. Pure; used by cli.
#pragma once

#include <string>

namespace sidespan::config {

/// JSON Schema, draft-07. Looser than the parser where `${VAR}` may stand.
std::string schema();
/// docs/configuration.md
std::string reference();

}  // namespace sidespan::config

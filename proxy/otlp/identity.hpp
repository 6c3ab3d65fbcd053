// SPDX-License-Identifier: Apache-2.0
//
// Who we say we are to the collector: scope, SDK name, user agent, schema. Used by encode and the exporter.
#pragma once

#include <string_view>

namespace sidespan::otlp {

/// Scope name and telemetry.sdk.name, which must not be `opentelemetry` (specs §4.3).
inline constexpr std::string_view program_name = "sidespan";
/// The semantic conventions that our attribute names follow.
inline constexpr std::string_view schema_url = "https://opentelemetry.io/schemas/1.44.0";

}  // namespace sidespan::otlp

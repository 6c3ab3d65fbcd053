// SPDX-License-Identifier: Apache-2.0
//
// Durations (`250ms`, `3s`, `5m`, `1h`) and sizes (`512`, `64KiB`, `512MiB`) as people write them in the configuration.
// Pure, any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sidespan::base {

/// A number (a fraction is allowed) and one of `us ms s m h`; `0` needs no unit. nullopt when malformed or over 10
/// years.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::microseconds value);

/// A whole number and nothing, `B`, `KiB`, `MiB`, `GiB`, `kB`, `MB` or `GB`. nullopt when malformed or over 2^63.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

}  // namespace sidespan::base

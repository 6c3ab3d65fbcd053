// SPDX-License-Identifier: Apache-2.0
//
// Logging for every folder: levels, key-value lines, text on a terminal and JSON elsewhere, always to stderr (stdout is
// data). Backed by spdlog; any thread. A message that repeats is throttled by its call site through `throttle`.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace sidespan::base {

enum class log_level : std::uint8_t { trace, debug, info, warn, error, off };
enum class log_format : std::uint8_t { automatic, text, json };

/// One `key=value` of a log line. Numbers are passed as text by the caller's std::to_string.
struct log_field {
  std::string_view key;
  std::string value;
};

/// Once, at start-up, before other threads exist.
void configure_log(log_level level, log_format format);
/// Any time, any thread.
void set_log_level(log_level level) noexcept;
/// Waits until everything logged so far is written.
void flush_log();

bool log_enabled(log_level level) noexcept;
void log(log_level level, std::string_view message, std::initializer_list<log_field> fields = {});

std::optional<log_level> parse_log_level(std::string_view text) noexcept;
std::string_view name(log_level level) noexcept;

/// At most one message per interval from one call site; tells how many were swallowed since. Any thread.
class throttle {
 public:
  explicit throttle(std::chrono::milliseconds interval = std::chrono::seconds(10)) : interval_(interval) {}
  /// The number of swallowed messages when this one may be logged, nullopt when it is to be swallowed.
  std::optional<std::uint64_t> pass(
      std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now()) noexcept;

 private:
  std::chrono::milliseconds interval_;
  std::atomic<std::int64_t> next_ms_{std::numeric_limits<std::int64_t>::min()};
  std::atomic<std::uint64_t> swallowed_{0};
};

}  // namespace sidespan::base

// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace sidespan::base {
namespace {

bool json_lines = false;

spdlog::level::level_enum to_spdlog(log_level level) noexcept {
  switch (level) {
    case log_level::trace:
      return spdlog::level::trace;
    case log_level::debug:
      return spdlog::level::debug;
    case log_level::info:
      return spdlog::level::info;
    case log_level::warn:
      return spdlog::level::warn;
    case log_level::error:
      return spdlog::level::err;
    case log_level::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

std::string json_string(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte > 0x7e) {  // non-ASCII as Latin-1: a log line must stay one valid JSON line
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// Values from the wire may carry control characters; a terminal must not interpret them.
std::string text_value(std::string_view value) {
  const bool plain = !value.empty() && value.find_first_of(" \"=") == std::string_view::npos &&
                     std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  return plain ? std::string(value) : json_string(value);
}

}  // namespace

void configure_log(log_level level, log_format format) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  json_lines = format == log_format::json || (format == log_format::automatic && !terminal);
  const bool color = terminal && std::getenv("NO_COLOR") == nullptr && !json_lines;
  spdlog::sink_ptr sink;
  if (color) {
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  auto logger = std::make_shared<spdlog::logger>("sidespan", std::move(sink));
  logger->set_level(to_spdlog(level));
  logger->flush_on(spdlog::level::info);
  if (json_lines) {
    logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})", spdlog::pattern_time_type::utc);
  } else {
    logger->set_pattern("%H:%M:%S.%e %^%-5l%$ %v");
  }
  spdlog::set_default_logger(std::move(logger));
}

void set_log_level(log_level level) noexcept { spdlog::default_logger_raw()->set_level(to_spdlog(level)); }

void flush_log() { spdlog::default_logger()->flush(); }

bool log_enabled(log_level level) noexcept { return spdlog::default_logger_raw()->should_log(to_spdlog(level)); }

void log(log_level level, std::string_view message, std::initializer_list<log_field> fields) {
  if (!log_enabled(level)) return;
  std::string line;
  if (json_lines) {
    line = "\"message\":" + json_string(message);
    for (const log_field& field : fields) line += "," + json_string(field.key) + ":" + json_string(field.value);
  } else {
    line = std::string(message);
    for (const log_field& field : fields) line += " " + std::string(field.key) + "=" + text_value(field.value);
  }
  spdlog::default_logger_raw()->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

std::optional<log_level> parse_log_level(std::string_view text) noexcept {
  for (const log_level level :
       {log_level::trace, log_level::debug, log_level::info, log_level::warn, log_level::error, log_level::off}) {
    if (text == name(level)) return level;
  }
  return std::nullopt;
}

std::string_view name(log_level level) noexcept {
  switch (level) {
    case log_level::trace:
      return "trace";
    case log_level::debug:
      return "debug";
    case log_level::info:
      return "info";
    case log_level::warn:
      return "warn";
    case log_level::error:
      return "error";
    case log_level::off:
      return "off";
  }
  return "info";
}

std::optional<std::uint64_t> throttle::pass(std::chrono::steady_clock::time_point now) noexcept {
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  auto next = next_ms_.load(std::memory_order_relaxed);
  if (now_ms < next || !next_ms_.compare_exchange_strong(next, now_ms + interval_.count(), std::memory_order_relaxed)) {
    swallowed_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  return swallowed_.exchange(0, std::memory_order_relaxed);
}

}  // namespace sidespan::base

// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include <array>
#include <cmath>

#include "base/text.hpp"

namespace sidespan::base {
namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};
// Largest first, so that format_* finds the largest unit that divides the value.
constexpr std::array<unit, 5> duration_units{
    {{"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}}};
constexpr std::array<unit, 7> size_units{{{"GiB", 1ULL << 30},
                                          {"GB", 1'000'000'000},
                                          {"MiB", 1ULL << 20},
                                          {"MB", 1'000'000},
                                          {"KiB", 1ULL << 10},
                                          {"kB", 1'000},
                                          {"B", 1}}};

constexpr double ten_years = 3650.0 * 24 * 3'600'000'000;  // microseconds

template <std::size_t N>
std::uint64_t factor_of(const std::array<unit, N>& units, std::string_view name) {
  for (const unit& u : units) {
    if (u.name == name) return u.factor;
  }
  return 0;
}

}  // namespace

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::microseconds(0);
  std::size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
  const std::string_view number = text.substr(0, end);
  const std::uint64_t factor = factor_of(duration_units, text.substr(end));
  const std::size_t dot = number.find('.');
  const auto whole = parse_decimal(number.substr(0, dot));
  if (!whole || factor == 0) return std::nullopt;
  double value = static_cast<double>(*whole);
  if (dot != std::string_view::npos) {
    const std::string_view digits = number.substr(dot + 1);
    const auto fraction = parse_decimal(digits);
    if (!fraction || digits.size() > 9) return std::nullopt;
    value += static_cast<double>(*fraction) / std::pow(10.0, static_cast<double>(digits.size()));
  }
  const double microseconds = value * static_cast<double>(factor);
  if (microseconds > ten_years) return std::nullopt;
  return std::chrono::microseconds(std::llround(microseconds));
}

std::string format_duration(std::chrono::microseconds value) {
  const auto count = static_cast<std::uint64_t>(value.count());
  if (count == 0) return "0s";
  for (const unit& u : duration_units) {
    if (count % u.factor == 0) return std::to_string(count / u.factor) + std::string(u.name);
  }
  return std::to_string(count) + "us";
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  const auto number = parse_decimal(text.substr(0, end));
  const std::uint64_t factor = end == text.size() ? 1 : factor_of(size_units, text.substr(end));
  if (!number || factor == 0 || *number > (1ULL << 63) / factor) return std::nullopt;
  return *number * factor;
}

std::string format_size(std::uint64_t bytes) {
  for (const unit& u : size_units) {
    if (u.name.size() == 3 && bytes != 0 && bytes % u.factor == 0)
      return std::to_string(bytes / u.factor) + std::string(u.name);
  }
  return std::to_string(bytes);
}

}  // namespace sidespan::base

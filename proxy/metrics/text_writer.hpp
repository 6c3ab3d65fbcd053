// SPDX-License-Identifier: Apache-2.0
//
// Writes lines of the Prometheus text format: escaping and numbers as the format wants them. Used by exposition only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace sidespan::metrics {

using label_view = std::pair<std::string_view, std::string_view>;

/// [a-zA-Z_:][a-zA-Z0-9_:]*
bool valid_metric_name(std::string_view name) noexcept;

class text_writer {
 public:
  /// HELP and TYPE lines.
  void header(std::string_view name, std::string_view help, std::string_view type);
  /// One sample. Labels with an empty value are the same as absent ones and left out.
  void line(std::string_view name, std::span<const label_view> labels, std::uint64_t value);
  void line(std::string_view name, std::span<const label_view> labels, std::int64_t value);
  void line(std::string_view name, std::span<const label_view> labels, double value);

  std::string take() && { return std::move(out_); }

 private:
  void begin(std::string_view name, std::span<const label_view> labels);
  void escaped(std::string_view text, bool quotes);
  std::string out_;
};

/// Shortest text that reads back as the same number; +Inf, -Inf, NaN.
std::string number(double value);

}  // namespace sidespan::metrics

// SPDX-License-Identifier: Apache-2.0
#include "metrics/text_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sidespan::metrics {
namespace {

bool starts_name(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; }
bool continues_name(char c) noexcept { return starts_name(c) || (c >= '0' && c <= '9'); }

/// Length of the well-formed UTF-8 sequence that `text` starts with, 0 when it is none (Unicode 15 table 3-7).
std::size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first < 0xf0 || first > 0xf4) return 0;
  const bool outside = (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f);
  return continues(1) && continues(2) && continues(3) && !outside ? 4 : 0;
}

}  // namespace

bool valid_metric_name(std::string_view name) noexcept {
  return !name.empty() && starts_name(name.front()) && std::all_of(name.begin(), name.end(), continues_name);
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void text_writer::header(std::string_view name, std::string_view help, std::string_view type) {
  out_.append("# HELP ").append(name).append(" ");
  escaped(help, false);
  out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void text_writer::line(std::string_view name, std::span<const label_view> labels, std::uint64_t value) {
  begin(name, labels);
  out_.append(std::to_string(value)).append("\n");
}

void text_writer::line(std::string_view name, std::span<const label_view> labels, std::int64_t value) {
  begin(name, labels);
  out_.append(std::to_string(value)).append("\n");
}

void text_writer::line(std::string_view name, std::span<const label_view> labels, double value) {
  begin(name, labels);
  out_.append(number(value)).append("\n");
}

void text_writer::begin(std::string_view name, std::span<const label_view> labels) {
  out_.append(name);
  char before = '{';
  for (const auto& [label, value] : labels) {
    if (value.empty()) continue;
    out_.push_back(std::exchange(before, ','));
    out_.append(label).append("=\"");
    escaped(value, true);
    out_.push_back('"');
  }
  out_.append(before == ',' ? "} " : " ");
}

// Prometheus text format 0.0.4: `\` and line feed are escaped everywhere, `"` only in label values. Text must be UTF-8:
// one bad byte, perhaps from a Host field, would make the reader refuse the whole page.
void text_writer::escaped(std::string_view text, bool quotes) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const char c = length == 0 ? '?' : text.front();
    if (c == '\n') {
      out_.append("\\n");
    } else if (c == '\\' || (quotes && c == '"')) {
      out_.append({'\\', c});
    } else if (length > 1) {
      out_.append(text.substr(0, length));
    } else {
      out_.push_back(c);
    }
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
}

}  // namespace sidespan::metrics

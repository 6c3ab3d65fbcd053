// SPDX-License-Identifier: Apache-2.0
#include "trace/traceparent.hpp"

#include <array>
#include <cstdint>

#include "base/text.hpp"

namespace sidespan::trace {
namespace {

constexpr std::size_t trace_offset = 3;
constexpr std::size_t parent_offset = 36;
constexpr std::size_t flags_offset = 53;
constexpr std::uint8_t known_flags = static_cast<std::uint8_t>(flags::sampled | flags::random);

/// Dashes and length, which depend on the version (W3C Trace Context §Versioning of traceparent).
bool well_framed(std::string_view value) noexcept {
  if (value.size() < traceparent_size) return false;
  if (value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
  if (value.size() == traceparent_size) return true;
  return !value.starts_with("00") && value[traceparent_size] == '-';  // TC-6, TC-7
}

}  // namespace

std::optional<traceparent> parse_traceparent(std::string_view line) noexcept {
  const std::string_view value = base::trim_ows(line);  // TC-3
  if (!well_framed(value)) return std::nullopt;
  std::array<std::uint8_t, 1> version;
  std::array<std::uint8_t, 1> bits;
  traceparent out;
  const bool digits = base::parse_lower_hex(value.substr(0, 2), version) &&  // TC-4, TC-8: upper case is invalid
                      base::parse_lower_hex(value.substr(trace_offset, 32), out.trace.bytes) &&
                      base::parse_lower_hex(value.substr(parent_offset, 16), out.parent.bytes) &&
                      base::parse_lower_hex(value.substr(flags_offset, 2), bits);
  if (!digits || version[0] == 0xff) return std::nullopt;              // TC-5
  if (!out.trace.valid() || !out.parent.valid()) return std::nullopt;  // TC-8
  out.flags = static_cast<flags>(bits[0] & known_flags);               // TC-9, TC-10
  return out;
}

void write_traceparent(const traceparent& value, char* out) noexcept {
  const std::array<std::uint8_t, 1> bits{
      static_cast<std::uint8_t>(static_cast<std::uint8_t>(value.flags) & known_flags)};
  out[0] = '0';
  out[1] = '0';
  out[2] = out[35] = out[52] = '-';
  base::write_hex(value.trace.bytes, out + trace_offset);
  base::write_hex(value.parent.bytes, out + parent_offset);
  base::write_hex(bits, out + flags_offset);
}

}  // namespace sidespan::trace

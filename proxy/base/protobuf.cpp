// SPDX-License-Identifier: Apache-2.0
#include "base/protobuf.hpp"

namespace sidespan::base::protobuf {
namespace {

std::optional<std::uint64_t> take_varint(std::string_view& from) noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(from.front());
    from.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> take_fixed(std::string_view& from, std::size_t size) noexcept {
  if (from.size() < size) return std::nullopt;
  std::uint64_t value = 0;
  std::memcpy(&value, from.data(), size);
  from.remove_prefix(size);
  return value;
}

}  // namespace

std::optional<field> next_field(std::string_view& message) noexcept {
  const auto tag = take_varint(message);
  if (!tag || *tag >> 3 == 0 || *tag >> 32 != 0) return std::nullopt;
  field out;
  out.number = static_cast<std::uint32_t>(*tag >> 3);
  out.kind = static_cast<type>(*tag & 7);
  std::optional<std::uint64_t> value;
  switch (out.kind) {
    case type::varint:
    case type::bytes:
      value = take_varint(message);
      break;
    case type::fixed64:
      value = take_fixed(message, 8);
      break;
    case type::fixed32:
      value = take_fixed(message, 4);
      break;
    default:
      return std::nullopt;  // groups are not used
  }
  if (!value) return std::nullopt;
  out.integer = *value;
  if (out.kind != type::bytes) return out;
  if (*value > message.size()) return std::nullopt;
  out.bytes = message.substr(0, *value);
  message.remove_prefix(*value);
  return out;
}

}  // namespace sidespan::base::protobuf

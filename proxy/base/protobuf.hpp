// SPDX-License-Identifier: Apache-2.0
//
// The protobuf wire format, as much of it as OTLP needs: sizes and writing for records (trace) and the request around
// them (otlp), reading for the small answers of a collector. Pure, any thread. Writing trusts its caller to have
// measured; reading trusts nothing.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace sidespan::base::protobuf {

static_assert(std::endian::native == std::endian::little, "fixed32 and fixed64 are copied as they are");

enum class type : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}
constexpr std::size_t tag_size(std::uint32_t field) noexcept { return field < 16 ? 1 : 2; }
/// A length-delimited field with its tag and length.
constexpr std::size_t bytes_size(std::uint32_t field, std::size_t length) noexcept {
  return tag_size(field) + varint_size(length) + length;
}

/// Writes fields to memory that is large enough.
class writer {
 public:
  explicit writer(std::uint8_t* to) noexcept : at_(to) {}

  void varint(std::uint64_t value) noexcept {
    for (; value >= 0x80; value >>= 7) *at_++ = static_cast<std::uint8_t>(value | 0x80);
    *at_++ = static_cast<std::uint8_t>(value);
  }
  void tag(std::uint32_t field, type kind) noexcept { varint(field << 3 | static_cast<std::uint32_t>(kind)); }
  void raw(std::string_view bytes) noexcept {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void bytes(std::uint32_t field, std::string_view value) noexcept {
    message(field, value.size());
    raw(value);
  }
  /// What opens a sub-message of known size.
  void message(std::uint32_t field, std::size_t size) noexcept {
    tag(field, type::bytes);
    varint(size);
  }
  void integer(std::uint32_t field, std::uint64_t value) noexcept {
    tag(field, type::varint);
    varint(value);
  }
  void fixed64(std::uint32_t field, std::uint64_t value) noexcept {
    tag(field, type::fixed64);
    raw({reinterpret_cast<const char*>(&value), sizeof(value)});
  }
  void fixed32(std::uint32_t field, std::uint32_t value) noexcept {
    tag(field, type::fixed32);
    raw({reinterpret_cast<const char*>(&value), sizeof(value)});
  }
  std::uint8_t* at() const noexcept { return at_; }

 private:
  std::uint8_t* at_;
};

struct field {
  std::uint32_t number = 0;
  type kind = type::varint;
  std::uint64_t integer = 0;  // varint and fixed
  std::string_view bytes;     // bytes
};

/// Takes the next field off the front; nullopt at the end and at the first byte that makes no sense.
std::optional<field> next_field(std::string_view& message) noexcept;

}  // namespace sidespan::base::protobuf

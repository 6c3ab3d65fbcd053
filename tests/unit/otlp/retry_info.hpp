// SPDX-License-Identifier: Apache-2.0
//
// A google.rpc.Status as servers put it into grpc-status-details-bin (specs OT-23), byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/protobuf.hpp"

namespace sidespan::otlp::test {

namespace wire = base::protobuf;

inline std::string bytes_field(std::uint32_t number, std::string_view value) {
  std::string out(wire::bytes_size(number, value.size()), '\0');
  wire::writer(reinterpret_cast<std::uint8_t*>(out.data())).bytes(number, value);
  return out;
}

inline std::string integer_field(std::uint32_t number, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  std::string out(wire::tag_size(number) + wire::varint_size(bits), '\0');
  wire::writer(reinterpret_cast<std::uint8_t*>(out.data())).integer(number, bits);
  return out;
}

inline std::string status_with_detail(int code, std::string_view url, std::string_view value) {
  const std::string any = bytes_field(1, url) + bytes_field(2, value);
  return integer_field(1, code) + bytes_field(2, "message") + bytes_field(3, any);
}

inline std::string status_with_retry_info(int code, std::int64_t seconds, std::int32_t nanos) {
  const std::string duration = integer_field(1, seconds) + integer_field(2, nanos);
  return status_with_detail(code, "type.googleapis.com/google.rpc.RetryInfo", bytes_field(1, duration));
}

}  // namespace sidespan::otlp::test

// SPDX-License-Identifier: Apache-2.0
//
// "127.0.0.1:7190", "[::1]:7190" taken apart; config has checked them. Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/text.hpp"

namespace sidespan::app {

/// Address without brackets, and port. 0 is a port here: any that is free.
inline std::pair<std::string, std::uint16_t> split_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {text, 0};
  std::string address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  const auto port = base::parse_decimal(std::string_view(text).substr(colon + 1));
  return {address, static_cast<std::uint16_t>(port.value_or(0))};
}

}  // namespace sidespan::app

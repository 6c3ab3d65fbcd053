// SPDX-License-Identifier: Apache-2.0
//
// "127.0.0.1:7190", "[::1]:7190" taken apart; config has checked them. Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "http/target.hpp"

namespace sidespan::app {

inline std::pair<std::string, std::uint16_t> split_address(const std::string& text) {
  const auto parts = http::parse_authority(text);
  if (!parts) return {text, 0};
  return {std::string(parts->host), parts->port};
}

}  // namespace sidespan::app

// SPDX-License-Identifier: Apache-2.0
//
// Settings of the admin page: plain values, checked by config.
#pragma once

#include <cstdint>
#include <string>

namespace sidespan::admin {

struct settings {
  /// IP address or name to bind.
  std::string address = "0.0.0.0";
  /// 0: any.
  std::uint16_t port = 7190;
};

}  // namespace sidespan::admin

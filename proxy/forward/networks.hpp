// SPDX-License-Identifier: Apache-2.0
//
// Networks that tell callers apart: `10.0.0.0/8`, `fd00::/8`, or single addresses. Built by config, asked by exchanges
// of listeners that trust some of their callers. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sidespan::forward {

class networks {
 public:
  /// False: neither an address nor a network (RFC 4632 §3.1, RFC 4291 §2.3). Bits behind the prefix do not matter.
  bool add(std::string_view text);
  /// `address` without port, with or without a zone; false when it is none. An IPv4 address is never in an IPv6 network
  /// such as `::/0`.
  bool contain(std::string_view address) const noexcept;

  friend bool operator==(const networks&, const networks&) = default;

 private:
  struct network {
    std::array<std::uint8_t, 16> bytes{};  // IPv4 in the first four
    std::uint8_t bits = 0;                 // of the prefix
    bool v4 = true;
    friend bool operator==(const network&, const network&) = default;
  };
  static bool parse(std::string_view address, network& out) noexcept;
  static bool unmap(network& made) noexcept;

  std::vector<network> list_;
};

}  // namespace sidespan::forward

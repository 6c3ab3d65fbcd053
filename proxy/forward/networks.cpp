// SPDX-License-Identifier: Apache-2.0
#include "forward/networks.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.hpp"

namespace sidespan::forward {
namespace {

/// The first `bits` of both are the same.
bool same_prefix(const std::uint8_t* a, const std::uint8_t* b, unsigned bits) noexcept {
  const unsigned whole = bits / 8;
  if (!std::equal(a, a + whole, b)) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

}  // namespace

/// An address is the network of its own.
bool networks::parse(std::string_view address, network& out) noexcept {
  std::array<char, INET6_ADDRSTRLEN> text{};  // ends with a zero
  if (address.size() >= text.size()) return false;
  std::copy(address.begin(), address.end(), text.begin());
  out.v4 = address.find(':') == std::string_view::npos;
  out.bits = out.v4 ? 32 : 128;
  return ::inet_pton(out.v4 ? AF_INET : AF_INET6, text.data(), out.bytes.data()) == 1;
}

bool networks::add(std::string_view text) {
  const std::size_t slash = text.find('/');
  network made;
  if (!parse(text.substr(0, slash), made)) return false;
  if (slash != std::string_view::npos) {
    const auto bits = base::parse_decimal(text.substr(slash + 1));
    if (!bits || *bits > made.bits) return false;
    made.bits = static_cast<std::uint8_t>(*bits);
  }
  list_.push_back(made);
  return true;
}

bool networks::contain(std::string_view address) const noexcept {
  network one;
  if (list_.empty() || !parse(address, one)) return false;
  return std::any_of(list_.begin(), list_.end(), [&one](const network& each) {
    return each.v4 == one.v4 && same_prefix(each.bytes.data(), one.bytes.data(), each.bits);
  });
}

}  // namespace sidespan::forward

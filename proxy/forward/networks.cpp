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

/// An address is the network of its own. What is IPv4 inside of IPv6 (RFC 4291 §2.5.5.2) counts as IPv4: callers of a
/// dual-stack listener do.
bool networks::parse(std::string_view address, network& out) noexcept {
  std::array<char, INET6_ADDRSTRLEN> text{};  // ends with a zero
  if (address.size() >= text.size() || address.find('\0') != std::string_view::npos) return false;
  std::copy(address.begin(), address.end(), text.begin());
  out.v4 = address.find(':') == std::string_view::npos;
  out.bits = out.v4 ? 32 : 128;
  return ::inet_pton(out.v4 ? AF_INET : AF_INET6, text.data(), out.bytes.data()) == 1;
}

/// `made` is of an IPv4 network written as one of IPv6.
bool networks::unmap(network& made) noexcept {
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (made.v4 || made.bits < 96 || !std::equal(mapped.begin(), mapped.end(), made.bytes.begin())) return false;
  std::copy(made.bytes.begin() + 12, made.bytes.end(), made.bytes.begin());
  made.bits = static_cast<std::uint8_t>(made.bits - 96);
  return made.v4 = true;
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
  unmap(made);
  list_.push_back(made);
  return true;
}

bool networks::contain(std::string_view address) const noexcept {
  network one;
  // A link-local caller has a zone (RFC 4007 §11), which says where the network is and not which.
  if (list_.empty() || !parse(address.substr(0, address.find('%')), one)) return false;
  unmap(one);
  return std::any_of(list_.begin(), list_.end(), [&one](const network& each) {
    return each.v4 == one.v4 && same_prefix(each.bytes.data(), one.bytes.data(), each.bits);
  });
}

}  // namespace sidespan::forward

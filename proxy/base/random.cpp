// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <system_error>

namespace sidespan::base {

system_random::system_random() {
  auto* bytes = reinterpret_cast<char*>(state_.data());
  std::size_t have = 0;
  while (have < sizeof(state_)) {
    const ssize_t got = ::getrandom(bytes + have, sizeof(state_) - have, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error(errno, std::generic_category(), "getrandom");
    have += static_cast<std::size_t>(got);
  }
}

/// xoshiro256++ 1.0 (Blackman and Vigna, 2019). The all-zero state, which it would never leave, has odds of 2^-256.
std::uint64_t system_random::next() {
  auto& s = state_;
  const std::uint64_t out = std::rotl(s[0] + s[3], 23) + s[0];
  const std::uint64_t shifted = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = std::rotl(s[3], 45);
  return out;
}

}  // namespace sidespan::base

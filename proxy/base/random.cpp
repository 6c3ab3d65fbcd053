// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace sidespan::base {

std::uint64_t system_random::next() {
  if (used_ == block_.size()) refill();
  return std::exchange(block_[used_++], 0);  // a drawn id does not stay in memory
}

void system_random::refill() {
  auto* bytes = reinterpret_cast<char*>(block_.data());
  std::size_t have = 0;
  while (have < sizeof(block_)) {
    const ssize_t got = ::getrandom(bytes + have, sizeof(block_) - have, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error(errno, std::generic_category(), "getrandom");
    have += static_cast<std::size_t>(got);
  }
  used_ = 0;
}

}  // namespace sidespan::base

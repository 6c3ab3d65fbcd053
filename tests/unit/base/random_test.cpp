// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace sidespan;

TEST_CASE("random: does not repeat itself, within a block and across blocks") {
  base::system_random random;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 10000; ++i) seen.insert(random.next());
  CHECK(seen.size() == 10000);
}

TEST_CASE("random: two sources differ") {
  base::system_random one, other;
  CHECK(one.next() != other.next());
}

TEST_CASE("random: every bit is set about half of the time") {
  base::system_random random;
  int set[64] = {};
  for (int i = 0; i < 4096; ++i) {
    const std::uint64_t value = random.next();
    for (int bit = 0; bit < 64; ++bit) set[bit] += static_cast<int>(value >> bit & 1);
  }
  for (const int count : set) {
    CHECK(count > 2048 - 8 * 32);  // eight deviations
    CHECK(count < 2048 + 8 * 32);
  }
}

// SPDX-License-Identifier: Apache-2.0
#include "base/arena.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace sidespan;

TEST_CASE("arena: copies live until reset") {
  base::arena arena;
  const auto a = arena.copy("first");
  const auto b = arena.copy("second");
  CHECK(a == "first");
  CHECK(b == "second");
  CHECK(arena.copy("").empty());
}

TEST_CASE("arena: an allocation after one larger than a block has its own place") {
  base::arena arena;
  const std::string large(5000, 'l');
  const std::string small(100, 's');
  const auto first = arena.copy(large);
  const auto second = arena.copy(small);
  CHECK(first == large);
  CHECK(second == small);
}

TEST_CASE("arena: a block is used to its last byte, and not further") {
  base::arena arena;
  char* first = arena.allocate(1000);
  char* second = arena.allocate(24);
  CHECK(second == first + 1000);
  char* third = arena.allocate(1);
  std::memset(first, 1, 1024);
  *third = 7;
  CHECK(*third == 7);
  CHECK(first[1023] == 1);
}

TEST_CASE("arena: a warm one uses the same block again") {
  base::arena arena;
  char* first = arena.allocate(10);
  arena.reset();
  CHECK(arena.allocate(10) == first);
  arena.allocate(1020);  // a second block
  arena.reset();
  CHECK(arena.allocate(1024) == first);
}

TEST_CASE("arena: what is lent is used first and to its last byte, then a block of its own, until reset") {
  base::arena arena;
  std::array<char, 16> lent{};
  arena.lend(lent);
  CHECK(arena.allocate(10) == lent.data());
  CHECK(arena.allocate(6) == lent.data() + 10);
  char* const own = arena.allocate(1);
  CHECK((own < lent.data() || own >= lent.data() + lent.size()));
  arena.reset();
  CHECK(arena.allocate(1) == own);
  arena.reset();
  arena.lend(lent);
  char* const large = arena.allocate(17);
  CHECK(large == own);
  CHECK(arena.allocate(1) == own + 17);
}

TEST_CASE("arena: reset of a fresh one, and of one that began with a large allocation") {
  base::arena arena;
  arena.reset();
  arena.allocate(5000);
  arena.reset();
  const std::string text(1024, 'x');
  CHECK(arena.copy(text) == text);
}

TEST_CASE("arena: nothing overlaps") {
  std::mt19937 random(9);
  base::arena arena;
  for (int round = 0; round < 50; ++round) {
    std::vector<std::pair<std::string_view, std::string>> kept;
    for (int i = 0; i < 40; ++i) {
      const std::string text(random() % (i % 7 == 0 ? 3000 : 300), static_cast<char>('a' + random() % 26));
      kept.emplace_back(arena.copy(text), text);
    }
    for (const auto& [view, text] : kept) REQUIRE(view == text);
    arena.reset();
  }
}

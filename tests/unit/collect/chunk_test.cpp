// SPDX-License-Identifier: Apache-2.0
#include "collect/chunk.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

namespace sidespan::collect::test {

TEST_CASE("chunk pool: what came back last is used first, also when more is kept") {
  const auto pool = std::make_shared<chunk_pool>();
  chunk* const first = pool->take(100);
  chunk* const second = pool->take(100);
  chunk* const third = pool->take(100);
  for (chunk* each : {first, second, third}) each->let_go();
  CHECK(pool->take(100) == third);
  third->let_go();
  CHECK(pool->take(100) == third);
  CHECK(pool->take(100) == second);
  second->let_go();
  CHECK(pool->take(100) == second);
  CHECK(pool->take(100) == first);
  for (chunk* each : {first, second, third}) each->let_go();
}

TEST_CASE("chunk pool: a chunk is empty when it is taken, and larger than usual only when it must be") {
  const auto pool = std::make_shared<chunk_pool>();
  chunk* const usual = pool->take(1);
  CHECK(usual->capacity == chunk_pool::usual_capacity);
  usual->filled.store(7);
  usual->next.store(usual);
  usual->let_go();
  chunk* const again = pool->take(1);
  CHECK(again == usual);
  CHECK(again->filled.load() == 0);
  CHECK(again->next.load() == nullptr);
  chunk* const large = pool->take(3 * chunk_pool::usual_capacity);
  CHECK(large->capacity >= 3 * chunk_pool::usual_capacity);
  large->let_go();
  chunk* const next = pool->take(1);
  CHECK(next->capacity == chunk_pool::usual_capacity);
  next->let_go();
  again->let_go();
}

TEST_CASE("chunk pool: a large one is made although usual ones are kept") {
  const auto pool = std::make_shared<chunk_pool>();
  pool->take(1)->let_go();
  chunk* const large = pool->take(3 * chunk_pool::usual_capacity);
  CHECK(large->capacity >= 3 * chunk_pool::usual_capacity);
  large->let_go();
}

namespace {

/// What comes from the system is zero.
constexpr std::uint8_t used_before = 0x5a;

/// How many of `count` that are taken at once were kept; all go back, marked.
std::size_t kept_of(chunk_pool& pool, std::size_t count) {
  std::vector<chunk*> taken;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    taken.push_back(pool.take(1));
    kept += *taken.back()->bytes() == used_before ? 1 : 0;
    *taken.back()->bytes() = used_before;
  }
  for (chunk* each : taken) each->let_go();
  return kept;
}

}  // namespace

TEST_CASE("chunk pool: of what an outage filled no more than so many are kept") {
  const auto pool = std::make_shared<chunk_pool>();
  CHECK(kept_of(*pool, 100) == 0);
  CHECK(kept_of(*pool, 100) == chunk_pool::most_kept);
}

TEST_CASE("chunk pool: what is used again and again is kept each time") {
  const auto pool = std::make_shared<chunk_pool>();
  CHECK(kept_of(*pool, 1) == 0);
  for (std::size_t i = 0; i < 2 * chunk_pool::most_kept; ++i) CHECK(kept_of(*pool, 1) == 1);
}

TEST_CASE("chunk: stays as long as somebody holds it") {
  const auto pool = std::make_shared<chunk_pool>();
  chunk* const shared = pool->take(1);
  shared->hold();
  shared->let_go();
  chunk* const other = pool->take(1);
  CHECK(other != shared);
  shared->let_go();
  CHECK(pool->take(1) == shared);
  shared->let_go();
  other->let_go();
}

}  // namespace sidespan::collect::test

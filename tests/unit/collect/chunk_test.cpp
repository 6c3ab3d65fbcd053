// SPDX-License-Identifier: Apache-2.0
#include "collect/chunk.hpp"

#include <catch2/catch.hpp>

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
  usual->let_go();
  chunk* const again = pool->take(1);
  CHECK(again == usual);
  CHECK(again->filled.load() == 0);
  chunk* const large = pool->take(3 * chunk_pool::usual_capacity);
  CHECK(large->capacity >= 3 * chunk_pool::usual_capacity);
  large->let_go();
  chunk* const next = pool->take(1);
  CHECK(next->capacity == chunk_pool::usual_capacity);
  next->let_go();
  again->let_go();
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

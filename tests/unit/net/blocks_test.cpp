// SPDX-License-Identifier: Apache-2.0
#include "net/blocks.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace sidespan::net::test {

TEST_CASE("blocks: what is lent is accounted for until it comes back") {
  block_pool pool;
  CHECK(pool.in_use() == 0);
  {
    auto first = pool.take();
    auto second = pool.take();
    CHECK(pool.in_use() == 2 * block_pool::block_size);
    first = std::move(second);
    CHECK(pool.in_use() == block_pool::block_size);
    const block_pool::block third(std::move(first));
    CHECK_FALSE(first);
    CHECK(third.span().size() == block_pool::block_size);
    CHECK(pool.in_use() == block_pool::block_size);
  }
  CHECK(pool.in_use() == 0);
}

TEST_CASE("blocks: over half of the limit only small blocks are lent, at the limit the pool is full") {
  block_pool pool(4 * block_pool::block_size);
  std::vector<block_pool::block> held;
  for (int i = 0; i < 2; ++i) held.push_back(pool.take());
  CHECK(held.back().span().size() == block_pool::block_size);
  CHECK_FALSE(pool.full());
  while (!pool.full()) {
    held.push_back(pool.take());
    REQUIRE(held.back().span().size() == block_pool::scarce_block_size);
  }
  CHECK(held.size() == 2 + 16);
  held.push_back(pool.take());  // a body under way goes on
  CHECK(held.back().span().size() == block_pool::scarce_block_size);
  held.clear();
  CHECK(pool.in_use() == 0);
  CHECK(pool.take().span().size() == block_pool::block_size);
}

TEST_CASE("blocks: the block that came back last is lent first") {
  block_pool pool;
  auto first = pool.take();
  auto second = pool.take();
  auto head = pool.take_for_head();
  const char* const warm = first.data();
  const char* const warm_head = head.data();
  CHECK(head.size() == block_pool::head_block_size);
  second.release();
  first.release();
  head.release();
  CHECK(head.size() == 0);
  CHECK(pool.take().data() == warm);
  CHECK(pool.take_for_head().data() == warm_head);
}

TEST_CASE("blocks: a block of a size of its own is accounted for and not kept") {
  block_pool pool;
  auto odd = pool.take_exactly(5000);
  CHECK(odd.span().size() == 5000);
  CHECK(pool.in_use() == 5000);
  odd.release();
  CHECK(pool.in_use() == 0);
  CHECK(pool.freed() == 5000);
}

TEST_CASE("blocks: blocks that are not kept are counted as freed, others are not") {
  block_pool pool;
  {
    std::vector<block_pool::block> burst;
    for (int i = 0; i < 100; ++i) burst.push_back(pool.take());
  }
  const std::uint64_t freed = pool.freed();
  CHECK(freed == 36 * block_pool::block_size);
  for (int i = 0; i < 100; ++i) pool.take().release();
  CHECK(pool.freed() == freed);
}

}  // namespace sidespan::net::test

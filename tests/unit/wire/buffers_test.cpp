// SPDX-License-Identifier: Apache-2.0
#include "wire/buffers.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "support/loopback.hpp"
#include "wire/h1_input.hpp"

namespace sidespan::wire::test {

TEST_CASE("buffers: what is lent is accounted for until it comes back") {
  buffer_pool pool;
  CHECK(pool.in_use() == 0);
  {
    auto first = pool.take();
    auto second = pool.take();
    CHECK(pool.in_use() == 2 * buffer_pool::block_size);
    first = std::move(second);
    CHECK(pool.in_use() == buffer_pool::block_size);
    const buffer_pool::block third(std::move(first));
    CHECK_FALSE(first);
    CHECK(third.span().size() == buffer_pool::block_size);
    CHECK(pool.in_use() == buffer_pool::block_size);
  }
  CHECK(pool.in_use() == 0);
}

TEST_CASE("buffers: over half of the limit only small blocks are lent, at the limit the pool is full") {
  buffer_pool pool(4 * buffer_pool::block_size);
  std::vector<buffer_pool::block> held;
  for (int i = 0; i < 2; ++i) held.push_back(pool.take());
  CHECK(held.back().span().size() == buffer_pool::block_size);
  CHECK_FALSE(pool.full());
  while (!pool.full()) {
    held.push_back(pool.take());
    REQUIRE(held.back().span().size() == buffer_pool::small_block_size);
  }
  CHECK(held.size() == 2 + 16);
  held.push_back(pool.take());  // a body under way goes on
  CHECK(held.back().span().size() == buffer_pool::small_block_size);
  held.clear();
  CHECK(pool.in_use() == 0);
  CHECK(pool.take().span().size() == buffer_pool::block_size);
}

TEST_CASE("h1_input: heads are accounted for, and large ones do not grow when the pool is full") {
  constexpr std::size_t limit = 20 * 1024;
  constexpr std::size_t ordinary = 4096;
  support::event_loop loop;
  auto ends = support::connected(loop);
  buffer_pool pool(limit);
  {
    h1_input input(*ends.near, pool, base::side::downstream);
    input.start_message();
    CHECK(pool.in_use() == input.head_room().size());
    pool.account(limit);
    std::size_t size = 0;
    while (size < ordinary) {  // what every head may have
      const std::size_t room = input.head_room().size();
      REQUIRE(room > 0);
      input.received(room);
      size += room;
    }
    CHECK(pool.in_use() == limit + ordinary);
    CHECK(input.head_room().empty());
    CHECK(input.unread().size() == ordinary);
    pool.give_back(limit);
    CHECK_FALSE(input.head_room().empty());
    CHECK(input.unread().size() == ordinary);
    CHECK(pool.in_use() == 2 * ordinary);
    input.consume(input.unread().size());
    input.start_message();  // a large head does not keep its memory
    CHECK(pool.in_use() == ordinary);
  }
  CHECK(pool.in_use() == 0);
}

TEST_CASE("buffers: blocks that are not kept are counted as freed, others are not") {
  buffer_pool pool;
  {
    std::vector<buffer_pool::block> burst;
    for (int i = 0; i < 100; ++i) burst.push_back(pool.take());
  }
  const std::uint64_t freed = pool.freed();
  CHECK(freed == 36 * buffer_pool::block_size);
  for (int i = 0; i < 100; ++i) pool.take().release();
  CHECK(pool.freed() == freed);
}

}  // namespace sidespan::wire::test

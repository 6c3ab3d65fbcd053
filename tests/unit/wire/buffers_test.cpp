// SPDX-License-Identifier: Apache-2.0
#include "wire/buffers.hpp"

#include <catch2/catch.hpp>
#include <vector>

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
    REQUIRE(held.back().span().size() == buffer_pool::scarce_block_size);
  }
  CHECK(held.size() == 2 + 16);
  held.push_back(pool.take());  // a body under way goes on
  CHECK(held.back().span().size() == buffer_pool::scarce_block_size);
  held.clear();
  CHECK(pool.in_use() == 0);
  CHECK(pool.take().span().size() == buffer_pool::block_size);
}

TEST_CASE("buffers: the block that came back last is lent first") {
  buffer_pool pool;
  auto first = pool.take();
  auto second = pool.take();
  auto head = pool.take_for_head();
  const char* const warm = first.data();
  const char* const warm_head = head.data();
  CHECK(head.size() == buffer_pool::head_block_size);
  second.release();
  first.release();
  head.release();
  CHECK(head.size() == 0);
  CHECK(pool.take().data() == warm);
  CHECK(pool.take_for_head().data() == warm_head);
}

TEST_CASE("buffers: text comes back empty, with its memory unless that is large") {
  buffer_pool pool;
  auto text = pool.take_text();
  text->head.assign(1000, 'a');
  const char* const memory = text->head.data();
  pool.put(std::move(text));
  text = pool.take_text();
  CHECK(text->head.empty());
  CHECK(text->head.capacity() >= 1000);
  CHECK(text->head.data() == memory);
  text->head.assign(20000, 'a');
  pool.put(std::move(text));
  CHECK(pool.take_text()->head.capacity() < 20000);
}

TEST_CASE("buffers: fields come back empty, with their memory unless that is large") {
  buffer_pool pool;
  CHECK(pool.take_fields().room() == 0);
  http::fields some;
  for (int i = 0; i < 20; ++i) some.add("A", "b");
  pool.put(std::move(some));
  http::fields again = pool.take_fields();
  CHECK(again.empty());
  CHECK(again.room() >= 20);
  for (int i = 0; i < 500; ++i) again.add("A", "b");
  pool.put(std::move(again));
  CHECK(pool.take_fields().room() == 0);
}

TEST_CASE("buffers: a block of a size of its own is accounted for and not kept") {
  buffer_pool pool;
  auto odd = pool.take_exactly(5000);
  CHECK(odd.span().size() == 5000);
  CHECK(pool.in_use() == 5000);
  odd.release();
  CHECK(pool.in_use() == 0);
  CHECK(pool.freed() == 5000);
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

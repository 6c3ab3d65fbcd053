// SPDX-License-Identifier: Apache-2.0
#include "wire/buffers.hpp"

#include <catch2/catch.hpp>

namespace sidespan::wire::test {

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

}  // namespace sidespan::wire::test

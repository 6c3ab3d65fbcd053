// SPDX-License-Identifier: Apache-2.0
#include "collect/queue.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "unit/collect/fake_exporter.hpp"

namespace sidespan::collect {
namespace {

using test::make_record;
using test::number_of;

std::vector<std::uint64_t> take(queue& from, std::size_t most) {
  std::vector<trace::record> records;
  from.take(records, most);
  std::vector<std::uint64_t> out;
  for (const auto& record : records) out.push_back(number_of(record));
  return out;
}

using numbers = std::vector<std::uint64_t>;

TEST_CASE("queue: gives records back in order, at most as many as asked") {
  queue q(8);
  for (std::uint64_t i = 0; i < 5; ++i) REQUIRE(q.push(make_record(i)));
  CHECK(take(q, 2) == numbers{0, 1});
  CHECK(take(q, 9) == numbers{2, 3, 4});
  CHECK(take(q, 9).empty());
}

TEST_CASE("queue: holds exactly its capacity, also when that is no power of two") {
  const std::size_t capacity = GENERATE(1, 2, 3, 5, 8, 100);
  queue q(capacity);
  for (std::size_t i = 0; i < capacity; ++i) REQUIRE(q.push(make_record(i)));
  trace::record rest = make_record(999);
  CHECK_FALSE(q.push(std::move(rest)));
  CHECK(number_of(rest) == 999);
  CHECK(rest.text.size() > 3);  // not moved from
  CHECK(take(q, 1) == numbers{0});
  CHECK(q.push(make_record(1000)));
  CHECK_FALSE(q.push(make_record(1001)));
}

TEST_CASE("queue: a capacity of nothing is one") {
  queue q(0);
  CHECK(q.push(make_record(1)));
  CHECK_FALSE(q.push(make_record(2)));
}

TEST_CASE("queue: goes round many times") {
  queue q(3);
  for (std::uint64_t i = 0; i < 100; ++i) {
    REQUIRE(q.push(make_record(i)));
    REQUIRE(take(q, 3) == numbers{i});
  }
  CHECK(q.pushed() == 100);
  CHECK(q.taken() == 100);
}

TEST_CASE("queue: what is left in it is freed with it") {
  queue q(4);
  CHECK(q.push(make_record(1)));
  CHECK(q.push(make_record(2)));  // the address sanitizer says so if not
}

TEST_CASE("queue: two threads lose nothing and mix nothing up") {
  constexpr std::uint64_t count = 20000;
  queue q(64);
  std::thread producer([&q] {
    for (std::uint64_t i = 0; i < count;) {
      if (q.push(make_record(i))) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::uint64_t next = 0;
  bool in_order = true;
  while (next < count) {
    const numbers got = take(q, 16);
    for (const std::uint64_t number : got) in_order = in_order && number == next++;
    if (got.empty()) std::this_thread::yield();
  }
  producer.join();
  CHECK(in_order);
  CHECK(q.taken() == count);
}

}  // namespace
}  // namespace sidespan::collect

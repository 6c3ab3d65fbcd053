// SPDX-License-Identifier: Apache-2.0
#include "collect/queue.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "unit/collect/fake_exporter.hpp"

namespace sidespan::collect {
namespace {

using test::make_record;
using test::numbers_of;
using numbers = std::vector<std::uint64_t>;

constexpr std::size_t plenty = std::size_t{1} << 30;

parcel take(queue& from, std::uint64_t most, std::size_t bytes = plenty) {
  parcel out;
  from.take(out, most, bytes);
  return out;
}

trace::record large_record(std::uint64_t number, std::size_t size) {
  trace::record out = make_record(number);
  for (std::size_t i = 0; out.fields.bytes().size() < size; ++i)
    out.fields.add(static_cast<trace::key>(i % 20), std::string(4000, 'x'));
  return out;
}

TEST_CASE("queue: gives records back in order, at most as many as asked") {
  queue q(8, plenty);
  for (std::uint64_t i = 0; i < 5; ++i) REQUIRE(q.push(make_record(i)));
  CHECK(numbers_of(take(q, 2)) == numbers{0, 1});
  CHECK(numbers_of(take(q, 9)) == numbers{2, 3, 4});
  CHECK(take(q, 9).pieces.empty());
}

TEST_CASE("queue: what it gives counts its spans and bytes, and goes on in the same parcel") {
  queue one(8, plenty);
  queue other(8, plenty);
  const std::size_t size = make_record(0).encoded_size();
  for (std::uint64_t i = 0; i < 3; ++i) REQUIRE((one.push(make_record(i)) && other.push(make_record(10 + i))));
  parcel out;
  one.take(out, 5, plenty);
  other.take(out, 5, plenty);
  CHECK(numbers_of(out) == numbers{0, 1, 2, 10, 11});
  CHECK(out.spans == 5);
  CHECK(out.bytes == 5 * size);
  CHECK(other.pushed() - other.taken() == 1);
  CHECK(other.pushed_bytes() - other.taken_bytes() == size);
}

TEST_CASE("queue: holds exactly so many spans") {
  const std::size_t capacity = GENERATE(1, 2, 3, 5, 8, 100);
  queue q(capacity, plenty);
  for (std::size_t i = 0; i < capacity; ++i) REQUIRE(q.push(make_record(i)));
  CHECK_FALSE(q.push(make_record(999)));
  CHECK(numbers_of(take(q, 1)) == numbers{0});
  CHECK(q.push(make_record(1000)));
  CHECK_FALSE(q.push(make_record(1001)));
}

TEST_CASE("queue: holds exactly so many bytes, but one span whatever its size") {
  const std::size_t size = make_record(0).encoded_size();
  queue q(100, 2 * size);
  CHECK(q.push(make_record(0)));
  CHECK(q.push(make_record(1)));
  CHECK_FALSE(q.push(make_record(2)));
  take(q, 1);
  CHECK(q.push(make_record(3)));
  take(q, 2);
  CHECK(q.push(large_record(4, 10 * size)));
  CHECK_FALSE(q.push(make_record(5)));
  CHECK(numbers_of(take(q, 9)) == numbers{4});
}

TEST_CASE("queue: a capacity of nothing is one") {
  queue q(0, 0);
  CHECK(q.push(make_record(1)));
  CHECK_FALSE(q.push(make_record(2)));
}

TEST_CASE("queue: gives as many as fit into the bytes") {
  queue q(8, plenty);
  const std::size_t size = make_record(0).encoded_size();
  for (std::uint64_t i = 0; i < 5; ++i) REQUIRE(q.push(make_record(i)));
  CHECK(take(q, 9, size - 1).pieces.empty());
  CHECK(numbers_of(take(q, 9, 2 * size)) == numbers{0, 1});
  CHECK(numbers_of(take(q, 9, 3 * size - 1)) == numbers{2, 3});
  CHECK(numbers_of(take(q, 9, 9 * size)) == numbers{4});
}

TEST_CASE("queue: goes from chunk to chunk, also for a span that is larger than one") {
  queue q(10000, plenty);
  numbers all;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const bool large = i % 1000 == 500;
    REQUIRE(q.push(large ? large_record(i, 2 * chunk_pool::usual_capacity) : make_record(i)));
    all.push_back(i);
  }
  CHECK(numbers_of(take(q, 1)) == numbers{0});
  const numbers got = numbers_of(take(q, 10000));
  CHECK(got == numbers(all.begin() + 1, all.end()));
}

TEST_CASE("queue: memory goes round, and not before whoever sends has let go of it") {
  queue q(10000, plenty);
  const auto fill = [&q] {
    for (std::uint64_t i = 0; i < 1000; ++i) REQUIRE(q.push(make_record(i)));
  };
  fill();
  parcel held = take(q, 10000);
  REQUIRE(held.pieces.size() > 1);
  const char* memory = held.pieces.front().bytes().data();
  fill();
  for (const piece& one : take(q, 10000).pieces) CHECK(one.bytes().data() != memory);
  CHECK(numbers_of(held).size() == 1000);
  held = {};
  bool again = false;
  for (int round = 0; round < 10 && !again; ++round) {
    fill();
    for (const piece& one : take(q, 10000).pieces) again = again || one.bytes().data() == memory;
  }
  CHECK(again);
}

TEST_CASE("queue: what is being sent outlives it") {
  parcel sent;
  {
    queue q(10000, plenty);
    for (std::uint64_t i = 0; i < 1000; ++i) REQUIRE(q.push(make_record(i)));
    sent = take(q, 700);
  }
  CHECK(numbers_of(sent).size() == 700);  // the address sanitizer says so if not
}

TEST_CASE("queue: two threads lose nothing and mix nothing up") {
  constexpr std::uint64_t count = 20000;
  queue q(64, plenty);
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
  parcel late;  // lets go of its memory one round later
  while (next < count) {
    parcel got = take(q, 16);
    for (const std::uint64_t number : numbers_of(got)) in_order = in_order && number == next++;
    if (got.spans == 0) std::this_thread::yield();
    late = std::move(got);
  }
  producer.join();
  CHECK(in_order);
  CHECK(q.taken() == count);
  CHECK(q.taken_bytes() == q.pushed_bytes());
}

}  // namespace
}  // namespace sidespan::collect

// SPDX-License-Identifier: Apache-2.0
//
// The ledger is what all shards share. These tests have their worth under -DSIDESPAN_SANITIZE=thread, but find torn
// copies and lost counts without it, too.
#include <atomic>
#include <thread>

#include "fixture.hpp"

namespace sidespan::correlate {
namespace {

constexpr int writers = 3;
constexpr int rounds = 6000;

/// A context whose every part follows from one number, so that a mixture of two is recognised.
trace::context stamped(std::uint64_t n) {
  trace::context made;
  for (std::size_t i = 0; i < 16; ++i) made.trace.bytes[i] = static_cast<std::uint8_t>(n >> (i % 3 * 8));
  for (std::size_t i = 0; i < 8; ++i) made.span.bytes[i] = static_cast<std::uint8_t>(n >> (i % 3 * 8));
  made.state.assign(n % 40, static_cast<char>('a' + n % 26));
  return made;
}

std::string id_of(std::uint64_t n) {
  return std::string(1 + n % 60, static_cast<char>('A' + n % 26)) + std::to_string(n);
}

void write(ledger& book, int writer) {
  std::vector<ledger::entry> kept(5);
  for (int round = 0; round < rounds; ++round) {
    const auto n = static_cast<std::uint64_t>(round * writers + writer + 1);
    kept[n % kept.size()] = book.publish(stamped(n), base::steady_time{static_cast<std::int64_t>(n)}, id_of(n));
    if (n % 7 == 0) kept[(n + 1) % kept.size()].mark_endless();
  }
}

struct findings {
  std::uint64_t seen = 0, torn = 0, wrong_id = 0, unordered = 0;
};

void look(const ledger& book, findings& found, std::vector<in_flight>& copies) {
  copies.clear();
  book.snapshot(8, copies);
  std::uint64_t before = 0;
  for (const in_flight& one : copies) {
    const auto n = static_cast<std::uint64_t>(one.since.ns);
    ++found.seen;
    if (one.context != stamped(n)) ++found.torn;
    if (one.serial <= before) ++found.unordered;
    before = one.serial;
    in_flight by_id;
    if (book.find_by_request_id(id_of(n), by_id) && by_id.since.ns != one.since.ns) ++found.wrong_id;
  }
}

void read(const ledger& book, const std::atomic<bool>& done, findings& found) {
  std::vector<in_flight> copies;
  for (bool last = false; !last;) {
    last = done.load();  // one look after the end, so that every reader sees something
    look(book, found, copies);
    if (const auto only = book.sole(); only && only->context != stamped(static_cast<std::uint64_t>(only->since.ns))) {
      ++found.torn;
    }
  }
}

TEST_CASE("ledger: several writers and readers, no torn copy, nothing left over") {
  const std::size_t slots = GENERATE(9U, 64U);  // 9: fewer than the writers want, so some go without
  ledger book(slots);
  std::atomic<bool> done{false};
  findings found[2];
  std::vector<std::thread> threads;
  for (findings& mine : found) threads.emplace_back([&] { read(book, done, mine); });
  std::vector<std::thread> writing;
  for (int writer = 0; writer < writers; ++writer) writing.emplace_back([&book, writer] { write(book, writer); });
  for (std::thread& one : writing) one.join();
  const auto entry = book.publish(stamped(5), base::steady_time{5}, id_of(5));
  done = true;
  for (std::thread& one : threads) one.join();
  for (const findings& mine : found) {
    CHECK(mine.seen > 0);
    CHECK(mine.torn == 0);
    CHECK(mine.wrong_id == 0);
    CHECK(mine.unordered == 0);
  }
  CHECK(book.count() == 1);
  CHECK(book.endless() == 0);
  REQUIRE(book.sole());
}

TEST_CASE("ladder: many shards ask at once, every answer is counted once") {
  ledger book(16);
  ladder asked(settings{}, book);
  std::vector<std::thread> shards;
  for (std::uint8_t shard = 1; shard <= 3; ++shard) {
    shards.emplace_back([&book, &asked, shard] {
      const base::system_clock clock;
      for (int i = 0; i < 2000; ++i) {
        const auto entry = book.publish(context(shard, shard), clock.steady(), "");
        const verdict answer = asked.decide(nullptr, {}, {"stock", "GET", "/items"}, clock.steady());
        if (answer.method == method::none) std::terminate();  // our own request is in flight
      }
    });
  }
  for (std::thread& one : shards) one.join();
  std::uint64_t sum = 0;
  for (const std::uint64_t n : asked.counts().by_method) sum += n;
  CHECK(sum == 6000);
}

}  // namespace
}  // namespace sidespan::correlate

// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "fixture.hpp"

namespace sidespan::correlate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<std::uint64_t> serials(const ledger& book, std::size_t most,
                                   ledger::order order = ledger::order::oldest_first) {
  std::vector<in_flight> found;
  book.snapshot(most, found, order);
  std::vector<std::uint64_t> all;
  for (const in_flight& one : found) all.push_back(one.serial);
  return all;
}

bool has(const ledger& book, std::string_view id) {
  in_flight found;
  return book.find_by_request_id(id, found);
}

TEST_CASE("ledger: an empty one has nobody") {
  const ledger book(4);
  std::vector<in_flight> found;
  CHECK(book.count() == 0);
  CHECK(book.snapshot(8, found) == 0);
  CHECK(found.empty());
  CHECK_FALSE(book.sole());
}

TEST_CASE("ledger: gives back what was published, whole") {
  const ledger::entry nobody;
  ledger book(4);
  trace::context sent = context(7, 9);
  for (std::size_t i = 0; i < 16; ++i) sent.trace.bytes[i] = static_cast<std::uint8_t>(i + 1);
  sent.flags = trace::flags::sampled | trace::flags::random;
  sent.state = "a=1,vendor@b=xyz";
  sent.remote = true;
  const auto entry = book.publish(sent, base::steady_time{123'456'789'012}, "id");
  const auto found = book.sole();
  REQUIRE(found);
  CHECK(found->context == sent);
  CHECK(found->since == base::steady_time{123'456'789'012});
  CHECK(found->serial == 1);
}

TEST_CASE("ledger: a slot used again shows nothing of its former content") {
  ledger book(1);
  trace::context first = context(1, 1);
  first.state = std::string(200, 'x');
  { const auto gone = book.publish(first, {}, "a-long-request-id-of-the-former"); }
  const auto entry = book.publish(context(2, 2), {}, "");
  REQUIRE(book.sole());
  CHECK(book.sole()->context == context(2, 2));
  CHECK_FALSE(has(book, "a-long-request-id-of-the-former"));
}

TEST_CASE("ledger: snapshot is oldest first, newest first on request, and bounded") {
  ledger book(300);
  std::vector<ledger::entry> entries;
  for (int i = 0; i < 200; ++i) entries.push_back(book.publish(context(1, 1), {}, ""));
  entries.erase(entries.begin(), entries.begin() + 100);                               // frees the low slots
  for (int i = 0; i < 3; ++i) entries.push_back(book.publish(context(1, 1), {}, ""));  // which the newest now use
  CHECK(serials(book, 3) == std::vector<std::uint64_t>{101, 102, 103});
  CHECK(serials(book, 3, ledger::order::newest_first) == std::vector<std::uint64_t>{203, 202, 201});
  CHECK(serials(book, 1000).size() == 103);
  CHECK(serials(book, 0).empty());
  CHECK(book.count() == 103);
}

TEST_CASE("ledger: sole is the only one and nobody when there are two") {
  ledger book(4);
  const auto first = book.publish(context(1, 1), {}, "");
  {
    const auto second = book.publish(context(2, 2), {}, "");
    CHECK_FALSE(book.sole());
  }
  REQUIRE(book.sole());
  CHECK(book.sole()->context == context(1, 1));
}

TEST_CASE("ledger entry: moves without leaving, leaves once") {
  ledger book(4);
  ledger::entry outer;
  {
    ledger::entry inner = book.publish(context(1, 1), {}, "");
    outer = std::move(inner);
    CHECK(book.count() == 1);
  }
  CHECK(book.count() == 1);
  ledger::entry other = book.publish(context(2, 2), {}, "");
  outer = std::move(other);  // the first leaves, its place is taken by the second
  REQUIRE(book.sole());
  CHECK(book.sole()->context == context(2, 2));
  outer = ledger::entry();
  CHECK(book.count() == 0);
}

TEST_CASE("ledger: an endless exchange leaves the count and frees its slot") {
  ledger book(1);
  ledger::entry endless = book.publish(context(1, 1), {}, "id-of-the-stream");
  endless.mark_endless();
  endless.mark_endless();  // saying it twice changes nothing
  CHECK(book.count() == 0);
  CHECK(book.endless() == 1);
  CHECK_FALSE(has(book, "id-of-the-stream"));
  const auto next = book.publish(context(2, 2), {}, "");
  REQUIRE(book.sole());
  CHECK(book.sole()->context == context(2, 2));
  endless = ledger::entry();
  CHECK(book.endless() == 0);
  CHECK(book.count() == 1);
}

TEST_CASE("ledger entry: marking nobody endless is harmless") {
  ledger::entry nobody;
  nobody.mark_endless();
}

TEST_CASE("ledger: exchanges without a slot are counted and make nobody sole") {
  const std::size_t slots = GENERATE(0U, 1U, 3U, 63U, 64U, 65U, 130U);
  ledger book(slots);
  std::vector<ledger::entry> entries;
  for (std::size_t i = 0; i < slots + 2; ++i) entries.push_back(book.publish(context(1, 1), {}, ""));
  std::vector<in_flight> found;
  CHECK(book.snapshot(1000, found) == slots + 2);
  CHECK(found.size() == slots);
  entries.erase(entries.begin(), entries.end() - 1);  // one is left, and it never had a slot
  CHECK(book.count() == 1);
  CHECK_FALSE(book.sole());
  entries.back().mark_endless();
  CHECK(book.count() == 0);
  CHECK(book.endless() == 1);
}

TEST_CASE("ledger: finds by request id, byte for byte") {
  ledger book(8);
  const auto a = book.publish(context(1, 1), {}, "abc-1");
  const auto b = book.publish(context(2, 2), {}, "abc-2");
  in_flight found;
  REQUIRE(book.find_by_request_id("abc-2", found));
  CHECK(found.context == context(2, 2));
  for (const char* other : {"", "abc", "abc-", "abc-3", "ABC-1", "abc-1 ", "abc-11"}) CHECK_FALSE(has(book, other));
}

TEST_CASE("ledger: an id that two carry names nobody, and names the one that stays") {
  ledger book(8);
  const auto first = book.publish(context(1, 1), {}, "same");
  {
    const auto second = book.publish(context(2, 2), {}, "same");
    CHECK_FALSE(has(book, "same"));
  }
  CHECK(has(book, "same"));
}

TEST_CASE("ledger: ids are kept up to their capacity") {
  ledger book(8);
  const std::string longest(ledger::request_id_capacity, 'i');
  const std::string too_long(ledger::request_id_capacity + 1, 'j');
  const auto a = book.publish(context(1, 1), {}, longest);
  const auto b = book.publish(context(2, 2), {}, too_long);
  CHECK(has(book, longest));
  CHECK_FALSE(has(book, too_long));
  CHECK_FALSE(has(book, too_long.substr(1)));
  CHECK(book.count() == 2);
}

TEST_CASE("ledger: no id is unique while somebody has no slot") {
  ledger book(1);
  const auto with = book.publish(context(1, 1), {}, "id");
  {
    const auto without = book.publish(context(2, 2), {}, "id");
    CHECK_FALSE(has(book, "id"));
  }
  CHECK(has(book, "id"));
}

TEST_CASE("ledger: keeps a tracestate up to its capacity, a longer one not at all") {
  ledger book(2);
  trace::context carries = context(1, 1);
  carries.state = std::string(ledger::state_capacity, 's');
  {
    const auto entry = book.publish(carries, {}, "");
    CHECK(book.sole()->context.state == carries.state);
  }
  carries.state += 's';
  const auto entry = book.publish(carries, {}, "");
  REQUIRE(book.sole());
  CHECK(book.sole()->context == context(1, 1));
}

TEST_CASE("ledger: times with none, one and several add up to the time since construction") {
  fake_clock clock;
  ledger book(2, clock);
  clock.advance(seconds(3));
  {
    const auto a = book.publish(context(1, 1), clock.steady_now, "");
    clock.advance(milliseconds(20));
    {
      const auto b = book.publish(context(2, 2), clock.steady_now, "");
      const auto without_slot = book.publish(context(3, 3), clock.steady_now, "");
      clock.advance(milliseconds(7));
    }
    clock.advance(milliseconds(1));
  }
  clock.advance(milliseconds(500));
  const auto times = book.time_by_occupancy(clock.steady_now + milliseconds(100));
  CHECK(times.none == milliseconds(3600));
  CHECK(times.one == milliseconds(21));
  CHECK(times.several == milliseconds(7));
  CHECK(times.changed == clock.steady_now + milliseconds(-500));
}

TEST_CASE("ledger: endless exchanges are time with none in flight") {
  fake_clock clock;
  ledger book(2, clock);
  auto stream = book.publish(context(1, 1), clock.steady_now, "");
  clock.advance(seconds(1));
  stream.mark_endless();
  clock.advance(seconds(9));
  const auto times = book.time_by_occupancy(clock.steady_now);
  CHECK(times.one == seconds(1));
  CHECK(times.none == seconds(9));
}

TEST_CASE("ledger: a clock that steps back adds no time and takes none") {
  fake_clock clock;
  ledger book(2, clock);
  clock.advance(seconds(2));
  const auto a = book.publish(context(1, 1), clock.steady_now, "");
  const auto b = book.publish(context(2, 2), clock.steady_now + seconds(-1), "");
  CHECK(book.time_by_occupancy(base::steady_time{0}).one == seconds(0));
  clock.advance(seconds(1));
  const auto times = book.time_by_occupancy(clock.steady_now);
  CHECK(times.none == seconds(2));
  CHECK(times.one == seconds(0));
  CHECK(times.several == seconds(1));
}

}  // namespace
}  // namespace sidespan::correlate

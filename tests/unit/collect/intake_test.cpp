// SPDX-License-Identifier: Apache-2.0
#include "collect/intake.hpp"

#include <catch2/catch.hpp>

#include "unit/collect/fake_exporter.hpp"

namespace sidespan::collect {
namespace {

using test::make_record;
using test::steady;

constexpr std::size_t plenty = std::size_t{1} << 30;

TEST_CASE("intake: rings once, at the span that was asked for") {
  doorbell bell;
  intake in(100, plenty, bell);
  in.offer(make_record(0));
  CHECK_FALSE(bell.wait(steady::now()));  // nobody asked

  in.wake_after(3, plenty);
  in.offer(make_record(1));
  in.offer(make_record(2));
  CHECK_FALSE(bell.wait(steady::now()));
  in.offer(make_record(3));
  CHECK(bell.wait(steady::now()));
  in.offer(make_record(4));
  CHECK_FALSE(bell.wait(steady::now()));
}

TEST_CASE("intake: rings at the bytes that were asked for") {
  doorbell bell;
  intake in(100, plenty, bell);
  in.offer(make_record(0));  // counts no more
  in.wake_after(50, 2 * make_record(0).encoded_size());
  in.offer(make_record(0));
  CHECK_FALSE(bell.wait(steady::now()));
  in.offer(make_record(1));
  CHECK(bell.wait(steady::now()));
  in.offer(make_record(2));
  CHECK_FALSE(bell.wait(steady::now()));
}

TEST_CASE("intake: gives the memory of an offered span out again, empty, but not that of a large one") {
  doorbell bell;
  intake in(100, plenty, bell);
  CHECK(in.draft().capacity() == 0);
  trace::record usual = make_record(1);
  const char* memory = usual.fields.bytes().data();
  in.offer(std::move(usual));
  trace::record large = make_record(2);
  large.fields.add(trace::key::url_full, std::string(4000, 'x'));
  in.offer(std::move(large));
  const trace::span_fields again = in.draft();
  CHECK(again.bytes().data() == memory);
  CHECK(again.bytes().empty());
  CHECK_FALSE(again.named());
  CHECK(in.draft().capacity() == 0);
}

TEST_CASE("intake: what a burst needed is not kept for ever") {
  doorbell bell;
  intake in(1000, plenty, bell);
  for (std::uint64_t i = 0; i < 300; ++i) in.offer(make_record(i));
  int kept = 0;
  while (in.draft().capacity() != 0) ++kept;
  CHECK(kept == 256);
}

TEST_CASE("intake: does not ring when the export thread is awake again") {
  doorbell bell;
  intake in(100, plenty, bell);
  in.wake_after(1, plenty);
  in.let_sleep();
  in.offer(make_record(1));
  CHECK_FALSE(bell.wait(steady::now()));
}

TEST_CASE("intake: counts what it does not keep, by reason") {
  doorbell bell;
  intake in(2, plenty, bell);
  for (std::uint64_t i = 0; i < 5; ++i) in.offer(make_record(i));
  CHECK(in.spans().pushed() == 2);
  CHECK(in.dropped_full() == 3);
  in.close();
  in.offer(make_record(9));
  CHECK(in.dropped_full() == 3);
  CHECK(in.dropped_late() == 1);
}

TEST_CASE("doorbell: remembers a ring that nobody waited for, and only once") {
  doorbell bell;
  bell.ring();
  bell.ring();
  CHECK(bell.wait(std::nullopt));
  CHECK_FALSE(bell.wait(steady::now() + std::chrono::milliseconds(1)));
}

}  // namespace
}  // namespace sidespan::collect

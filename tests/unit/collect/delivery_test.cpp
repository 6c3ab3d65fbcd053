// SPDX-License-Identifier: Apache-2.0
#include "collect/delivery.hpp"

#include <catch2/catch.hpp>

#include "unit/collect/fake_exporter.hpp"

namespace sidespan::collect {
namespace {

using namespace std::chrono_literals;
using test::accepted;
using test::rejected;
using test::retry;

const delivery::time_point start{1h};

/// The longest wait of every step.
struct highest final : base::random_source {
  std::uint64_t next() override { return 0; }
};

parcel of(std::uint64_t spans) {
  parcel out;
  out.spans = spans;
  return out;
}

settings limits() {
  settings out;
  out.retry_initial = 400ms;
  out.retry_max = 1000ms;
  out.retry_total = 10s;
  return out;
}

TEST_CASE("delivery: may be tried at once, and runs until it has ended") {
  highest random;
  delivery subject(of(5), limits(), random, start);
  CHECK(subject.next_try() == start);
  CHECK(subject.give_up() == start + 10s);
  CHECK_FALSE(subject.running());
  subject.began(start);
  CHECK(subject.running());
  CHECK_FALSE(subject.ended(retry("unavailable"), start + 1ms).has_value());
  CHECK_FALSE(subject.running());
}

TEST_CASE("delivery: every span is settled once") {
  struct row {
    export_outcome outcome;
    std::uint64_t acknowledged;
    std::uint64_t lost;
    std::string reason;
  };
  const row one = GENERATE(row{accepted(), 5, 0, "partial_success"}, row{accepted(2), 3, 2, "partial_success"},
                           row{accepted(9), 0, 5, "partial_success"}, row{rejected("internal"), 0, 5, "internal"});
  highest random;
  delivery subject(of(5), limits(), random, start);
  subject.began(start);
  const auto out = subject.ended(one.outcome, start);
  REQUIRE(out.has_value());
  CHECK(out->acknowledged == one.acknowledged);
  CHECK(out->lost == one.lost);
  CHECK(out->reason == one.reason);
}

TEST_CASE("delivery: the next try") {
  highest random;
  delivery subject(of(5), limits(), random, start);
  subject.began(start);
  SECTION("is counted from the start of the last one") {
    CHECK_FALSE(subject.ended(retry("unavailable"), start + 100ms).has_value());
    CHECK(subject.next_try() == start + 400ms);
  }
  SECTION("comes 50 ms after its end at the earliest") {
    CHECK_FALSE(subject.ended(retry("deadline_exceeded"), start + 3s).has_value());
    CHECK(subject.next_try() == start + 3s + 50ms);
  }
  SECTION("is when the collector says") {
    export_outcome soon = retry("unavailable");
    soon.retry_after = 7ms;
    CHECK_FALSE(subject.ended(soon, start + 100ms).has_value());
    CHECK(subject.next_try() == start + 107ms);
  }
}

TEST_CASE("delivery: a first wait below 50 ms is the shortest there is") {
  settings quick = limits();
  quick.retry_initial = 10ms;
  highest random;
  delivery subject(of(5), quick, random, start);
  subject.began(start);
  CHECK_FALSE(subject.ended(retry("deadline_exceeded"), start + 3s).has_value());
  CHECK(subject.next_try() == start + 3s + 10ms);
}

TEST_CASE("delivery: given up, by its last reason, when the next try would come too late") {
  highest random;
  delivery subject(of(5), limits(), random, start);
  subject.began(start + 9s);
  const bool too_late = GENERATE(false, true);
  export_outcome outcome = retry("aborted");
  outcome.retry_after = too_late ? 1000ms : 999ms;
  const auto out = subject.ended(outcome, start + 9s);
  REQUIRE(out.has_value() == too_late);
  if (!too_late) return;
  CHECK(out->lost == 5);
  CHECK(out->reason == "aborted");
}

}  // namespace
}  // namespace sidespan::collect

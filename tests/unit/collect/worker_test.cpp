// SPDX-License-Identifier: Apache-2.0
#include "collect/worker.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <numeric>
#include <set>
#include <thread>

#include "unit/collect/fake_exporter.hpp"

namespace sidespan::collect {
namespace {

using namespace std::chrono_literals;
using test::accepted;
using test::make_record;
using test::rejected;
using test::retry;
using test::script;
using test::steady;
using numbers = script::numbers;

constexpr auto never = std::chrono::hours(1);

settings quick() {
  settings out;
  out.queue_spans = 100;
  out.batch_spans = 10;
  out.delay = 1ms;
  out.retry_initial = 1ms;
  out.retry_max = 2ms;
  out.retry_total = never;
  out.overlap_after = 1ms;
  return out;
}

struct fixture {
  explicit fixture(const settings& settings, std::size_t shards = 1)
      : subject(settings, std::make_unique<test::fake_exporter>(far), shards) {}

  void offer(std::uint64_t from, std::uint64_t to, std::size_t shard = 0) {
    for (std::uint64_t i = from; i < to; ++i) subject.intake(shard).offer(make_record(i));
  }
  /// Waits until everything offered is accounted for.
  books settled() {
    const auto until = steady::now() + test::patience;
    while (subject.read_books().queued > 0 && steady::now() < until) std::this_thread::yield();
    return subject.read_books();
  }

  std::shared_ptr<script> far = std::make_shared<script>();
  worker subject;
};

std::uint64_t sum(const std::map<std::string, std::uint64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0},
                         [](auto a, const auto& b) { return a + b.second; });
}

bool balanced(const books& b) {
  return b.recorded == b.acknowledged + sum(b.dropped) + sum(b.lost) + b.queued && b.in_flight <= b.queued;
}

numbers range(std::uint64_t from, std::uint64_t to) {
  numbers out(to - from);
  std::iota(out.begin(), out.end(), from);
  return out;
}

TEST_CASE("worker: a full batch goes at once, however long the delay") {
  settings s = quick();
  s.delay = never;
  fixture f(s);
  f.subject.start();
  f.offer(0, 10);
  REQUIRE(f.far->wait_for_sends(1));
  CHECK(f.far->sends().front() == range(0, 10));
  CHECK(f.settled().acknowledged == 10);
}

TEST_CASE("worker: a part of a batch goes after the delay, also after a time without spans") {
  fixture f(quick());
  f.subject.start();
  f.offer(0, 3);
  CHECK(f.settled().acknowledged == 3);
  f.offer(3, 4);
  CHECK(f.settled().acknowledged == 4);
}

TEST_CASE("worker: never more than a batch in one request, and in order") {
  fixture f(quick());
  f.offer(0, 25);
  f.subject.start();
  REQUIRE(f.far->wait_for_sends(3));
  CHECK(f.far->sends() == std::vector<numbers>{range(0, 10), range(10, 20), range(20, 25)});
}

TEST_CASE("worker: shards make a batch together") {
  settings s = quick();
  s.delay = never;
  fixture f(s, 3);
  f.subject.start();
  f.offer(0, 4, 0);
  f.offer(4, 8, 1);
  f.offer(8, 10, 2);
  REQUIRE(f.far->wait_for_sends(1));
  CHECK(f.far->sends().front() == range(0, 10));
}

TEST_CASE("worker: the queue's bound is divided among the shards") {
  settings s = quick();
  s.queue_spans = 8;
  fixture f(s, 3);
  for (std::size_t shard = 0; shard < 3; ++shard) f.offer(0, 10, shard);
  CHECK(f.subject.read_books().queued == 8);
  CHECK(f.subject.read_books().dropped.at("queue_full") == 22);
}

TEST_CASE("worker: a batch that is to be retried is sent again as it is, then counted once") {
  fixture f(quick());
  f.far->answer(retry("unavailable"));
  f.far->answer(retry("unavailable"));
  f.offer(0, 5);
  f.subject.start();
  const books b = f.settled();
  CHECK(b.acknowledged == 5);
  CHECK(b.lost.empty());
  CHECK(f.far->sends() == std::vector<numbers>(3, range(0, 5)));
}

TEST_CASE("worker: a call that cannot be started for lack of memory is tried again, and given up like others") {
  settings s = quick();
  const bool in_the_end = GENERATE(true, false);
  if (!in_the_end) s.retry_total = 20ms;
  fixture f(s);
  f.far->no_memory(in_the_end ? 3 : 1'000'000);
  f.offer(0, 5);
  f.subject.start();
  const books b = f.settled();
  CHECK(b.acknowledged == (in_the_end ? 5 : 0));
  CHECK(b.lost ==
        (in_the_end ? std::map<std::string, std::uint64_t>{} : std::map<std::string, std::uint64_t>{{"no_memory", 5}}));
  CHECK(b.in_flight == 0);
}

TEST_CASE("worker: a refusal for good is not retried and is counted by its reason") {
  fixture f(quick());
  f.far->answer(rejected("invalid_argument"));
  f.offer(0, 5);
  f.subject.start();
  CHECK(f.settled().lost == std::map<std::string, std::uint64_t>{{"invalid_argument", 5}});
  f.offer(5, 6);
  CHECK(f.settled().acknowledged == 1);
  CHECK(f.far->sends().size() == 2);
}

TEST_CASE("worker: partial success is never retried (OT-5)") {
  const auto [refused, acknowledged] =
      GENERATE(table<std::uint64_t, std::uint64_t>({{0, 5}, {2, 3}, {5, 0}, {999, 0}}));
  fixture f(quick());
  f.far->answer(accepted(refused));
  f.offer(0, 5);
  f.subject.start();
  const books b = f.settled();
  CHECK(b.acknowledged == acknowledged);
  CHECK(sum(b.lost) == 5 - acknowledged);
  CHECK(b.lost.count("partial_success") == (refused > 0 ? 1 : 0));
  CHECK(f.far->sends().size() == 1);
}

TEST_CASE("worker: a batch is given up after retry_total, by its last reason") {
  settings s = quick();
  s.retry_total = 5ms;
  fixture f(s);
  f.far->answer(retry("unavailable"));
  f.far->otherwise(retry("aborted"));
  f.offer(0, 5);
  f.subject.start();
  CHECK(f.settled().lost == std::map<std::string, std::uint64_t>{{"aborted", 5}});
}

TEST_CASE("worker: waits as long as the collector says") {
  settings s = quick();
  SECTION("shorter than our own back-off") {
    s.retry_initial = never;
    s.retry_max = never;
    s.retry_total = 3 * never;
    fixture f(s);
    export_outcome soon = retry("unavailable");
    soon.retry_after = 1ms;
    f.far->answer(soon);
    f.offer(0, 1);
    f.subject.start();
    CHECK(f.settled().acknowledged == 1);
  }
  SECTION("longer than we are ready to wait: given up at once") {
    s.retry_total = never / 2;
    fixture f(s);
    export_outcome late = retry("resource_exhausted");
    late.retry_after = never;
    f.far->answer(late);
    f.offer(0, 1);
    f.subject.start();
    CHECK(f.settled().lost.at("resource_exhausted") == 1);
  }
}

TEST_CASE("worker: while a batch is out, the queue takes spans up to its bound and counts the rest") {
  settings s = quick();
  s.calls = 1;
  fixture f(s);
  f.far->hang();
  f.subject.start();
  f.offer(0, 10);
  REQUIRE(f.far->wait_for_hang());
  f.offer(10, 115);
  const books b = f.subject.read_books();
  CHECK(b.in_flight == 10);
  CHECK(b.queued == 110);
  CHECK(b.dropped.at("queue_full") == 5);
  CHECK(balanced(b));
  f.far->release();
  CHECK(f.settled().acknowledged == 110);
}

TEST_CASE("worker: what does not fit into a request goes into the next") {
  settings s = quick();
  s.batch_bytes = 4 * make_record(0).encoded_size() + 1;
  fixture f(s);
  f.offer(0, 10);
  f.subject.start();
  CHECK(f.settled().acknowledged == 10);
  CHECK(f.far->sends() == std::vector<numbers>{range(0, 4), range(4, 8), range(8, 10)});
}

TEST_CASE("worker: as many bytes as a request may have go at once, however long the delay") {
  settings s = quick();
  s.delay = never;
  s.batch_bytes = 4 * make_record(0).encoded_size();
  fixture f(s);
  f.subject.start();
  f.offer(0, 4);
  REQUIRE(f.far->wait_for_sends(1));
  CHECK(f.far->sends().front() == range(0, 4));
}

TEST_CASE("worker: early_spans go without waiting for a full batch, and what has gathered goes with them") {
  settings s = quick();
  s.delay = never;
  s.early_spans = 3;
  s.calls = 1;
  fixture f(s);
  f.far->hang();
  f.subject.start();
  f.offer(0, 3);
  REQUIRE(f.far->wait_for_hang());
  f.offer(3, 20);
  f.far->release();
  REQUIRE(f.far->wait_for_sends(3));
  CHECK(f.far->sends()[0] == range(0, 3));
  CHECK(f.far->sends()[1] == range(3, 13));
  CHECK(f.far->sends()[2] == range(13, 20));
}

TEST_CASE("worker: a queue is emptied long before it is full, in spans and in bytes") {
  settings s = quick();
  s.delay = never;
  s.batch_spans = 100;
  SECTION("spans") { s.queue_spans = 40; }
  SECTION("bytes") { s.queue_bytes = 40 * make_record(0).encoded_size(); }
  fixture f(s);
  f.subject.start();
  f.offer(0, 10);
  REQUIRE(f.far->wait_for_sends(1));
  CHECK(f.far->sends().front() == range(0, 10));
}

TEST_CASE("worker: one busy shard does not starve another") {
  settings s = quick();
  s.batch_spans = 1;
  fixture f(s, 2);
  f.offer(0, 3, 0);
  f.offer(100, 101, 1);
  f.subject.start();
  REQUIRE(f.far->wait_for_sends(2));
  CHECK(f.far->sends()[1] == numbers{100});
}

TEST_CASE("worker: the queue's bytes are bounded and divided among the shards") {
  settings s = quick();
  s.queue_bytes = 2 * 4 * make_record(0).encoded_size();
  fixture f(s, 2);
  f.offer(0, 10, 0);
  f.offer(0, 2, 1);
  CHECK(f.subject.read_books().queued == 6);
  CHECK(f.subject.read_books().dropped.at("queue_full") == 6);
}

TEST_CASE("worker: stop sends what is queued, however long the delay") {
  settings s = quick();
  s.delay = never;
  fixture f(s);
  f.subject.start();
  f.offer(0, 15);
  f.subject.stop(steady::now() + test::patience);
  const books b = f.subject.read_books();
  CHECK(b.acknowledged == 15);
  CHECK(b.queued == 0);
  CHECK(sum(b.dropped) == 0);
}

TEST_CASE("worker: a receiver that hangs does not delay stop, and what it holds is dropped as shutdown") {
  const bool deaf = GENERATE(false, true);  // a cancel() that comes just before send() is lost
  fixture f(quick());
  f.far->hang(deaf);
  f.subject.start();
  f.offer(0, 15);
  REQUIRE(f.far->wait_for_hang());
  const auto deadline = steady::now() + 20ms;
  f.subject.stop(deadline);
  const auto late = steady::now() - deadline;
  CHECK(late >= 0ms);
  CHECK(late < 2s);
  const books b = f.subject.read_books();
  CHECK(b.dropped.at("shutdown") == 15);
  CHECK(b.queued == 0);
  CHECK(b.in_flight == 0);
  CHECK(balanced(b));
}

TEST_CASE("worker: what a call brings that the end cuts short still counts") {
  settings s = quick();
  s.retry_initial = s.retry_max = never;
  s.retry_total = 30min;  // a batch that is to be tried again would be given up
  fixture f(s);
  f.far->hang();
  f.subject.start();
  f.offer(0, 3);
  REQUIRE(f.far->wait_for_hang());
  SECTION("taken") {
    f.far->when_cancelled(accepted());
    f.subject.stop(steady::now());
    CHECK(f.subject.read_books().acknowledged == 3);
  }
  SECTION("refused") {
    f.far->when_cancelled(rejected("internal"));
    f.subject.stop(steady::now());
    CHECK(f.subject.read_books().lost == std::map<std::string, std::uint64_t>{{"internal", 3}});
  }
  SECTION("nothing: we have dropped it") {
    f.subject.stop(steady::now());
    CHECK(f.subject.read_books().dropped.at("shutdown") == 3);
    CHECK(f.subject.read_books().lost.empty());
  }
  CHECK(balanced(f.subject.read_books()));
}

TEST_CASE("worker: stop ends a wait between tries at the deadline") {
  settings s = quick();
  s.retry_initial = never;
  s.retry_max = never;
  s.retry_total = 3 * never;
  fixture f(s);
  f.far->otherwise(retry("unavailable"));
  f.subject.start();
  f.offer(0, 3);
  REQUIRE(f.far->wait_for_sends(1));
  const auto deadline = steady::now() + 20ms;
  f.subject.stop(deadline);
  CHECK(steady::now() - deadline < 2s);
  CHECK(f.subject.read_books().dropped.at("shutdown") == 3);
  CHECK(f.subject.read_books().lost.empty());
}

TEST_CASE("worker: a try never gets more time than stop or the batch has left") {
  settings s = quick();
  s.retry_total = 1000ms;
  fixture f(s);
  f.subject.start();
  f.offer(0, 1);
  f.settled();
  const auto deadline = f.far->deadlines().at(0);
  CHECK(deadline <= steady::now() + 1000ms);
  f.far->hang();
  f.offer(1, 2);
  REQUIRE(f.far->wait_for_hang());
  f.subject.stop(steady::now());
  CHECK(f.subject.read_books().queued == 0);
}

TEST_CASE("worker: a try that begins after stop has no more time than that") {
  settings s = quick();
  s.delay = never;
  fixture f(s);
  f.subject.start();
  f.offer(0, 3);
  const auto deadline = steady::now() + test::patience;
  f.subject.stop(deadline);
  CHECK(f.far->deadlines().at(0) <= deadline);
}

TEST_CASE("worker: spans that come after stop are dropped as shutdown") {
  fixture f(quick());
  f.subject.start();
  f.subject.stop(steady::now() + test::patience);
  f.offer(0, 4);
  CHECK(f.subject.read_books().dropped.at("shutdown") == 4);
  CHECK(balanced(f.subject.read_books()));
  f.subject.stop(steady::now());  // a second time does nothing
}

TEST_CASE("worker: never started, everything is dropped as shutdown when it stops") {
  fixture f(quick());
  f.offer(0, 4);
  CHECK(f.subject.read_books().queued == 4);
  f.subject.stop(steady::now() + never);
  CHECK(f.subject.read_books().dropped.at("shutdown") == 4);
  CHECK(f.far->sends().empty());
}

TEST_CASE("worker: its end with a receiver that hangs is prompt") {
  auto far = std::make_shared<script>();
  far->hang();
  const auto before = steady::now();
  {
    worker subject(quick(), std::make_unique<test::fake_exporter>(far), 1);
    subject.start();
    subject.intake(0).offer(make_record(1));
    REQUIRE(far->wait_for_hang());
  }
  CHECK(steady::now() - before < test::patience);
}

TEST_CASE("books: balance in every copy while shards, exporter and readers run at once") {
  constexpr std::size_t shards = 3;
  constexpr std::uint64_t each = 3000;
  settings s = quick();
  s.queue_spans = 60;
  fixture f(s, shards);
  for (int i = 0; i < 200; ++i) {
    f.far->answer(accepted(static_cast<std::uint64_t>(i % 4)));
    f.far->answer(rejected(i % 2 == 0 ? "internal" : "not_found"));
    f.far->answer(retry("unavailable"));
  }
  f.subject.start();
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> unbalanced{0};
  std::thread reader([&] {
    while (!done) unbalanced += balanced(f.subject.read_books()) ? 0 : 1;
  });
  std::vector<std::thread> producers;
  for (std::size_t shard = 0; shard < shards; ++shard) {
    producers.emplace_back([&f, shard] {
      for (std::uint64_t i = 0; i < each; ++i) {
        f.subject.intake(shard).offer(make_record(shard * each + i));
        if (i % 16 == 0) std::this_thread::yield();
      }
    });
  }
  for (auto& one : producers) one.join();
  f.subject.stop(steady::now() + test::patience);
  done = true;
  reader.join();
  const books b = f.subject.read_books();
  CHECK(unbalanced == 0);
  CHECK(balanced(b));
  CHECK(b.recorded == shards * each);
  CHECK(b.queued == 0);
  CHECK(b.dropped.at("shutdown") == 0);
  // Against what the far side saw, not against the worker's own sums.
  std::set<std::uint64_t> numbers_seen;
  for (const numbers& batch : f.far->sends()) numbers_seen.insert(batch.begin(), batch.end());
  const std::uint64_t seen = numbers_seen.size();
  CHECK(b.acknowledged + sum(b.lost) == seen);
  CHECK(b.dropped.at("queue_full") == shards * each - seen);
}

}  // namespace
}  // namespace sidespan::collect

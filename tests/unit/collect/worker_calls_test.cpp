// SPDX-License-Identifier: Apache-2.0
//
// The worker with several calls under way at once.
#include <catch2/catch.hpp>
#include <functional>
#include <thread>

#include "collect/worker.hpp"
#include "unit/collect/fake_exporter.hpp"

namespace sidespan::collect {
namespace {

using namespace std::chrono_literals;
using test::accepted;
using test::make_record;
using test::rejected;
using test::retry;
using test::steady;

constexpr auto never = std::chrono::hours(1);

struct fixture {
  explicit fixture(std::chrono::milliseconds back_off = 1ms, std::size_t calls = 2)
      : subject(limits(back_off, calls), std::make_unique<test::fake_exporter>(far), 1) {
    far->hang();
    subject.start();
  }

  static settings limits(std::chrono::milliseconds back_off, std::size_t calls) {
    settings out;
    out.queue_spans = 1000;
    out.batch_spans = 10;
    out.delay = never;
    out.retry_initial = out.retry_max = back_off;
    out.retry_total = 3 * never;
    out.overlap_after = 1ms;
    out.calls = calls;
    return out;
  }
  /// So many batches of ten, each in a call of its own that hangs; a batch comes when the worker waits for the calls
  /// before it.
  bool hang(std::size_t batches) {
    for (std::size_t i = 0; i < batches; ++i) {
      offer(10);
      if (!far->wait_for_hang(i + 1) || !far->wait_for_wait(i + 1)) return false;
    }
    return true;
  }
  void offer(std::uint64_t spans) {
    for (; spans > 0; --spans) subject.intake(0).offer(make_record(next++));
  }
  bool until(const std::function<bool(const books&)>& holds) {
    const auto end = steady::now() + test::patience;
    while (!holds(subject.read_books()) && steady::now() < end) std::this_thread::yield();
    return holds(subject.read_books());
  }

  std::uint64_t next = 0;
  std::shared_ptr<test::script> far = std::make_shared<test::script>();
  worker subject;
};

bool balanced(const books& b) {
  std::uint64_t sum = b.acknowledged + b.queued;
  for (const auto& [reason, count] : b.dropped) sum += count;
  for (const auto& [reason, count] : b.lost) sum += count;
  return b.recorded == sum && b.in_flight <= b.queued;
}

TEST_CASE("worker: a call that takes long gets company, up to the limit") {
  fixture f(1ms, 3);
  REQUIRE(f.hang(3));
  f.offer(10);
  const books b = f.subject.read_books();
  CHECK(b.in_flight == 30);
  CHECK(b.queued == 40);
  CHECK(balanced(b));
  CHECK(f.far->sends().size() == 3);
  f.far->end(1, accepted());
  REQUIRE(f.far->wait_for_sends(4));
  CHECK(f.far->sends()[3].front() == 30);
}

TEST_CASE("worker: of two calls the first is tried again while the second succeeds") {
  fixture f;
  REQUIRE(f.hang(2));
  f.far->end(1, accepted());
  REQUIRE(f.until([](const books& b) { return b.acknowledged == 10 && b.in_flight == 10; }));
  f.far->end(0, retry("unavailable"));
  REQUIRE(f.far->wait_for_sends(3));
  CHECK(f.far->sends()[2] == f.far->sends()[0]);
  CHECK(balanced(f.subject.read_books()));
  f.far->end(2, accepted(4));
  REQUIRE(f.until([](const books& b) { return b.queued == 0; }));
  const books b = f.subject.read_books();
  CHECK(b.acknowledged == 16);
  CHECK(b.lost.at("partial_success") == 4);
  CHECK(b.in_flight == 0);
}

TEST_CASE("worker: of two calls one is refused for good, and the other does not notice") {
  fixture f;
  REQUIRE(f.hang(2));
  f.far->end(0, rejected("invalid_argument"));
  REQUIRE(f.until([](const books& b) { return b.lost.count("invalid_argument") == 1; }));
  CHECK(f.subject.read_books().in_flight == 10);
  f.far->end(1, accepted());
  CHECK(f.until([](const books& b) { return b.acknowledged == 10 && b.queued == 0; }));
}

TEST_CASE("worker: while one batch waits for its next try, others go on") {
  fixture f(never);
  REQUIRE(f.hang(1));
  f.far->end(0, retry("unavailable"));
  for (std::size_t i = 1; i < 5; ++i) {
    f.offer(10);
    REQUIRE(f.far->wait_for_sends(i + 1));
    f.far->end(i, accepted());
  }
  REQUIRE(f.until([](const books& b) { return b.acknowledged == 40; }));
  CHECK(f.subject.read_books().in_flight == 10);
}

TEST_CASE("worker: while one call hangs, others go on") {
  fixture f;
  REQUIRE(f.hang(1));
  for (std::size_t i = 1; i < 5; ++i) {
    f.offer(10);
    REQUIRE(f.far->wait_for_sends(i + 1));
    f.far->end(i, accepted());
  }
  REQUIRE(f.until([](const books& b) { return b.acknowledged == 40; }));
  CHECK(f.subject.read_books().in_flight == 10);
}

TEST_CASE("worker: while one call hangs, the batch of another is tried again") {
  fixture f;
  REQUIRE(f.hang(2));
  f.far->end(0, retry("unavailable"));
  REQUIRE(f.far->wait_for_sends(3));
  CHECK(f.far->sends()[2] == f.far->sends()[0]);
  CHECK(f.subject.read_books().in_flight == 20);
}

TEST_CASE("worker: batches that all wait for their next try hold up neither the queue's bound nor the end") {
  fixture f(never);
  REQUIRE(f.hang(2));
  f.far->end(0, retry("unavailable"));
  f.far->end(1, retry("unavailable"));
  f.offer(1100);
  REQUIRE(f.until([](const books& b) { return b.dropped.at("queue_full") == 100; }));
  const auto deadline = steady::now() + 20ms;
  f.subject.stop(deadline);
  CHECK(steady::now() - deadline < 2s);
  CHECK(f.subject.read_books().dropped.at("shutdown") == 1020);
}

TEST_CASE("worker: stop with two calls under way waits for both and sends the rest") {
  fixture f;
  REQUIRE(f.hang(2));
  f.offer(25);
  std::thread stopping([&f] { f.subject.stop(steady::now() + test::patience); });
  // What is offered now is late: stop() has begun.
  CHECK(f.until([&f](const books& b) {
    if (b.dropped.at("shutdown") > 0) return true;
    f.offer(1);
    return false;
  }));
  f.far->release();
  stopping.join();
  const books b = f.subject.read_books();
  CHECK(b.acknowledged >= 45);
  CHECK(b.acknowledged + b.dropped.at("shutdown") + b.dropped.at("queue_full") == b.recorded);
  CHECK(b.lost.empty());
}

TEST_CASE("worker: stop with two calls under way, one answered, one never") {
  const bool deaf = GENERATE(false, true);  // a cancel() that comes just before start() is lost
  fixture f;
  f.far->hang(deaf);
  REQUIRE(f.hang(2));
  f.far->end(1, accepted());
  REQUIRE(f.until([](const books& b) { return b.acknowledged == 10; }));
  const auto deadline = steady::now() + 20ms;
  f.subject.stop(deadline);
  CHECK(steady::now() - deadline < 2s);
  const books b = f.subject.read_books();
  CHECK(b.acknowledged == 10);
  CHECK(b.dropped.at("shutdown") == 10);
  CHECK(b.queued == 0);
  CHECK(b.in_flight == 0);
}

TEST_CASE("worker: stop while as many calls hang as there may be") {
  fixture f;
  REQUIRE(f.hang(2));
  REQUIRE(f.far->wait_for_wait(2));  // with no time limit: only stop() can end it
  const auto deadline = steady::now() + 20ms;
  f.subject.stop(deadline);
  CHECK(steady::now() - deadline < 2s);
  CHECK(f.subject.read_books().dropped.at("shutdown") == 20);
}

}  // namespace
}  // namespace sidespan::collect

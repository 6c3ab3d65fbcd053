// SPDX-License-Identifier: Apache-2.0
//
// The worker when there is no memory to take spans from a queue, or to keep the name of a reason. This file replaces
// operator new of the whole test program; only threads that were marked are refused anything, while a test says so. Not
// under the sanitizers, which bring an operator new of their own for some of its forms.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>
#include <thread>

#include "collect/worker.hpp"
#include "unit/collect/fake_exporter.hpp"

namespace {

thread_local bool marked = false;
std::atomic<bool> refusing{false};
std::atomic<unsigned> refused{0};

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (marked && refusing.load()) {
    ++refused;
    throw std::bad_alloc();
  }
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace sidespan::collect {
namespace {

using namespace std::chrono_literals;
using test::make_record;
using test::steady;

/// While it lives.
struct no_memory {
  no_memory() { refusing = true; }
  ~no_memory() { refusing = false; }
};

bool eventually(const std::function<bool()>& holds) {
  const auto until = steady::now() + test::patience;
  while (!holds() && steady::now() < until) std::this_thread::yield();
  return holds();
}

/// Marks the worker's thread. Every call ends as `answer` says, with a reason that takes memory to keep.
class marking_exporter final : public exporter {
 public:
  enum export_outcome::kind answer = export_outcome::kind::accepted;
  bool short_of_memory_then = false;
  std::atomic<std::uint64_t> sent{0};

  void start(std::size_t number, const parcel& spans, steady::time_point) override {
    marked = true;
    calls_.push_back(number);
    sent += spans.spans;
  }
  std::optional<ended_call> wait(steady::time_point) override {
    ended_call out;
    out.number = calls_.back();
    calls_.pop_back();
    out.outcome.kind = answer;
    out.outcome.reason = "a reason that does not fit into a small string";
    if (short_of_memory_then) refusing = true;
    return out;
  }
  void cancel() noexcept override {}

 private:
  std::vector<std::size_t> calls_;
};

settings quick() {
  settings out;
  out.queue_spans = 100;
  out.batch_spans = 10;
  out.delay = 1ms;
  return out;
}

struct fixture {
  std::unique_ptr<marking_exporter> made = std::make_unique<marking_exporter>();
  marking_exporter& out = *made;
  worker subject{quick(), std::move(made), 1};

  void offer(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) subject.intake(0).offer(make_record(i));
  }
  bool settled() {
    return eventually([this] { return subject.read_books().queued == 0; });
  }
  /// The worker's thread is marked from here on.
  void begin() {
    subject.start();
    offer(1);
    REQUIRE(settled());
  }
};

TEST_CASE("queue: without memory for a piece nothing is taken, and nothing lost") {
  queue q(8, std::size_t{1} << 20);
  for (std::uint64_t i = 0; i < 3; ++i) REQUIRE(q.push(make_record(i)));
  parcel out;
  {
    const no_memory now;
    marked = true;
    q.take(out, 9, std::size_t{1} << 20);
    marked = false;
  }
  CHECK(out.spans == 0);
  CHECK(q.taken() == 0);
  q.take(out, 9, std::size_t{1} << 20);
  CHECK(test::numbers_of(out) == std::vector<std::uint64_t>{0, 1, 2});
  CHECK(q.taken() == 3);
}

TEST_CASE("worker: without memory to take spans they stay in the queue, which counts what it has no room for") {
  fixture f;
  f.begin();
  {
    const no_memory now;
    const unsigned before = refused.load();
    f.offer(130);
    CHECK(eventually([before] { return refused.load() > before; }));
    const books b = f.subject.read_books();
    CHECK(b.queued == 100);
    CHECK(b.acknowledged == 1);
    CHECK(b.dropped.at("queue_full") == 30);
  }
  CHECK(f.settled());
  CHECK(f.subject.read_books().acknowledged == 101);
  CHECK(f.out.sent == 101);
}

TEST_CASE("worker: without memory it stops in time, and what stays is dropped as shutdown") {
  fixture f;
  f.begin();
  const no_memory now;
  f.offer(20);
  const auto before = steady::now();
  f.subject.stop(before + 100ms);
  CHECK(steady::now() - before < 5s);
  const books b = f.subject.read_books();
  CHECK(b.dropped.at("shutdown") == 20);
  CHECK(b.queued == 0);
}

TEST_CASE("worker: spans that are lost are counted when there is no memory for the reason") {
  fixture f;
  f.begin();
  f.out.answer = export_outcome::kind::rejected;
  f.out.short_of_memory_then = true;
  f.offer(5);
  CHECK(f.settled());
  refusing = false;
  const books b = f.subject.read_books();
  CHECK(b.lost == std::map<std::string, std::uint64_t>{{"no_memory", 5}});
  CHECK(b.acknowledged == 1);
  CHECK(b.recorded == 6);
}

}  // namespace
}  // namespace sidespan::collect
#endif

// SPDX-License-Identifier: Apache-2.0

#include "viewer/viewer.hpp"

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "unit/viewer/page_client.hpp"
#include "unit/viewer/sample.hpp"
#include "viewer/database.hpp"

namespace sidespan::viewer::test {
namespace {

/// A database file whose statements fail where a test's trigger says so.
struct rigged_file {
  std::string path = "/tmp/sidespan-viewer-rigged-" + std::to_string(::getpid()) + ".db";

  explicit rigged_file(const char* trigger) {
    remove();
    database data(path);
    data.execute(trigger);
  }
  ~rigged_file() { remove(); }
  void remove() const {
    for (const char* suffix : {"", "-wal", "-shm"}) ::unlink((path + suffix).c_str());
  }
};

/// The system's, moved on by a test.
struct moved_clock final : base::clock {
  const base::system_clock system;
  mutable std::atomic<std::int64_t> moved{0};  // ns

  base::steady_time steady() const noexcept override { return system.steady(); }
  base::wall_time wall() const noexcept override {
    return {system.wall().ns + static_cast<std::uint64_t>(moved.load())};
  }
};

/// How many there are, once there are so many, or after a while.
std::uint64_t traces_when(std::uint16_t port, std::uint64_t count) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  std::uint64_t now = fetch(port, "/api/stats")["traces"];
  while (now != count && std::chrono::steady_clock::now() < end) now = fetch(port, "/api/stats")["traces"];
  return now;
}

}  // namespace

TEST_CASE("viewer: spans from several threads arrive, and the live stream tells") {
  const base::system_clock clock;
  viewer shown(quick(), clock);
  plain_client live(shown.port());
  live.get("/api/live");
  CHECK_THAT(live.read_until("event: hello"), Catch::Contains("text/event-stream"));

  std::vector<std::thread> threads;
  for (unsigned thread = 1; thread <= 4; ++thread) {
    threads.emplace_back([&shown, thread] {
      for (unsigned i = 1; i <= 500; ++i) shown.add(std::vector{sample(thread, i, i - 1, "GET /")});
    });
  }
  for (std::thread& thread : threads) thread.join();
  live.read_until("\"spans\":2000,");
  CHECK_THAT(live.read_until("event: trace"), Catch::Contains(to_hex(trace_number(1))));
  const nlohmann::json stats = fetch(shown.port(), "/api/stats");
  CHECK(stats["spans"] == 2000);
  CHECK(stats["traces"] == 4);
  CHECK(stats["dropped_spans"] == 0);
}

TEST_CASE("viewer: what does not fit the queue is dropped and counted") {
  const base::system_clock clock;
  settings slow = quick();
  slow.batch_delay = std::chrono::milliseconds(300);
  viewer shown(slow, clock);
  std::vector<span> flood;
  for (unsigned i = 1; i <= 90; ++i) flood.push_back(sample(1, i, 0, std::string(1024 * 1024, 'x')));
  const std::size_t dropped = shown.add(std::move(flood));
  CHECK(dropped > 20);
  CHECK(dropped < 40);
  plain_client live(shown.port());
  live.get("/api/live");
  live.read_until("event: stats");  // the rest is stored
  CHECK(fetch(shown.port(), "/api/stats")["dropped_spans"] == dropped);
  CHECK(shown.add(std::vector{sample(2, 1, 0, std::string(1024 * 1024, 'x'))}) == 0);  // there is room again
}

TEST_CASE("viewer: more than a batch at once are all stored, and of many the newest are shown") {
  const base::system_clock clock;
  viewer shown(quick(), clock);
  plain_client live(shown.port());
  live.get("/api/live");
  live.read_until("event: hello");
  std::vector<span> many;
  for (unsigned trace = 1; trace <= 2500; ++trace) many.push_back(sample(trace, 1, 0, "GET /"));
  CHECK(shown.add(std::move(many)) == 0);
  CHECK(traces_when(shown.port(), 2500) == 2500);
  CHECK_THAT(live.read_until("\"spans\":2500,"), Catch::Contains(to_hex(trace_number(2500))));
}

TEST_CASE("viewer: old traces go by their age, also when no new ones come") {
  const moved_clock clock;
  settings tidy = quick();
  tidy.max_age = std::chrono::hours(1);
  tidy.housekeeping = std::chrono::milliseconds(1);
  viewer shown(tidy, clock);
  shown.add(std::vector{sample(1, 1, 0, "GET /")});
  REQUIRE(traces_when(shown.port(), 1) == 1);
  clock.moved = std::chrono::nanoseconds(std::chrono::hours(2)).count();
  CHECK(traces_when(shown.port(), 0) == 0);
}

TEST_CASE("viewer: what is queued at the end is stored before it closes") {
  const base::system_clock clock;
  settings kept = quick();
  kept.batch_delay = std::chrono::seconds(30);
  kept.db = "/tmp/sidespan-viewer-" + std::to_string(::getpid()) + ".db";
  {
    viewer shown(kept, clock);
    shown.add(std::vector{sample(1, 1, 0, "GET /")});
  }
  {
    viewer again(kept, clock);
    CHECK(fetch(again.port(), "/api/stats")["spans"] == 1);
  }
  for (const char* suffix : {"", "-wal", "-shm"}) ::unlink((kept.db + suffix).c_str());
}

/// Once `member` stands in them; five seconds at most.
nlohmann::json stats_with(std::uint16_t port, const char* member) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  nlohmann::json stats;
  while (!stats.contains(member) && std::chrono::steady_clock::now() < end) stats = fetch(port, "/api/stats");
  return stats;
}

TEST_CASE("viewer: a batch that could not be stored is counted as lost, the ones after it are not") {
  const base::system_clock clock;
  const rigged_file file(
      "CREATE TRIGGER rigged BEFORE INSERT ON span WHEN new.name = 'GET /bad' BEGIN SELECT RAISE(ABORT, 'rigged'); "
      "END");
  settings wanted = quick();
  wanted.db = file.path;
  viewer shown(wanted, clock);
  shown.add(std::vector{sample(1, 1, 0, "GET /"), sample(1, 2, 1, "GET /bad"), sample(1, 3, 1, "GET /")});
  const nlohmann::json stats = stats_with(shown.port(), "problem");
  CHECK_THAT(stats.value("problem", ""), Catch::Contains("rigged"));
  CHECK(stats["dropped_spans"] == 3);
  CHECK(stats["spans"] == 0);

  plain_client live(shown.port());
  live.get("/api/live");
  live.read_until("event: hello");
  shown.add(std::vector{sample(2, 1, 0, "GET /")});
  live.read_until("event: trace");
  const nlohmann::json after = fetch(shown.port(), "/api/stats");
  CHECK(after["dropped_spans"] == 3);
  CHECK(after["spans"] == 1);
  CHECK_FALSE(after.contains("problem"));
}

TEST_CASE("viewer: a batch that was stored is not counted as lost when making room fails") {
  const base::system_clock clock;
  const rigged_file file("CREATE TRIGGER rigged BEFORE DELETE ON trace BEGIN SELECT RAISE(ABORT, 'rigged'); END");
  settings wanted = quick();
  wanted.db = file.path;
  wanted.max_size = 256 * 1024;
  viewer shown(wanted, clock);
  std::vector<span> large;
  for (unsigned i = 1; i <= 1000; ++i) large.push_back(sample(1, i, 0, std::string(500, 'n')));
  shown.add(std::move(large));
  const nlohmann::json stats = stats_with(shown.port(), "problem");
  CHECK_THAT(stats.value("problem", ""), Catch::Contains("rigged"));
  CHECK(stats["spans"] == 1000);
  CHECK(stats["dropped_spans"] == 0);
}

TEST_CASE("viewer: an address in use is a clear error") {
  const base::system_clock clock;
  viewer first(quick(), clock);
  settings same = quick();
  same.port = first.port();
  CHECK_THROWS_WITH(viewer(same, clock),
                    Catch::Contains("127.0.0.1:" + std::to_string(same.port)) && Catch::Contains("in use"));
}

}  // namespace sidespan::viewer::test

// SPDX-License-Identifier: Apache-2.0

#include "viewer/store.hpp"

#include <unistd.h>
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include "unit/viewer/sample.hpp"
#include "viewer/query.hpp"

namespace sidespan::viewer::test {
namespace {

constexpr store_limits roomy{64 * 1024 * 1024, std::chrono::hours(1)};

struct bench {
  explicit bench(store_limits limits = roomy, const std::string& path = {})
      : data(path), writer(data, limits, clock), reader(data) {}
  fake_clock clock;
  database data;
  store writer;
  query reader;

  trace_summary only() {
    const trace_list all = reader.list({});
    REQUIRE(all.traces.size() == 1);
    return all.traces.front();
  }
};

struct scratch_file {
  std::string path =
      (std::filesystem::temp_directory_path() / ("sidespan-store-" + std::to_string(::getpid()) + ".db")).string();
  scratch_file() { clean(); }
  ~scratch_file() { clean(); }
  void clean() const {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(path + suffix);
  }
};

std::string failure_of(const std::string& path) {
  try {
    database data(path);
    return "opened";
  } catch (const database_error& problem) {
    return problem.what();
  }
}

}  // namespace

TEST_CASE("store: a trace is summarised over its spans") {
  bench b;
  span failed = sample(1, 3, 2, "GET /stock", 3, 30, "stock");
  failed.status = span_status::error;
  const std::vector<span> batch = {sample(1, 1, 0, "GET /", 0, 20), sample(1, 2, 1, "GET", 1, 19), failed};
  CHECK(b.writer.insert(batch).size() == 1);
  const trace_summary seen = b.only();
  CHECK(seen.root_name == "GET /");
  CHECK(seen.root_service == "web");
  CHECK(seen.span_count == 3);
  CHECK(seen.error_count == 1);
  CHECK(seen.duration_ns == 30 * static_cast<std::int64_t>(ms));
  CHECK(seen.services == std::vector<std::string>{"stock", "web"});
}

TEST_CASE("store: the root may come last, and until then the earliest span stands for it") {
  bench b;
  b.writer.insert(std::vector{sample(1, 3, 2, "third", 5, 6)});
  CHECK(b.only().root_name == "third");
  b.writer.insert(std::vector{sample(1, 2, 1, "second", 4, 7)});
  CHECK(b.only().root_name == "second");
  b.writer.insert(std::vector{sample(1, 1, 0, "first", 8, 9, "front")});  // its clock is behind: still the root
  CHECK(b.only().root_name == "first");
  CHECK(b.only().root_service == "front");
  b.writer.insert(std::vector{sample(1, 4, 3, "fourth", 1, 2)});
  CHECK(b.only().root_name == "first");
  CHECK(b.only().start_unix_nano == static_cast<std::int64_t>(epoch + 1 * ms));
}

TEST_CASE("store: the second span with the same ids is ignored, in one batch and in the next") {
  bench b;
  b.writer.insert(std::vector{sample(1, 1, 0, "kept"), sample(1, 1, 0, "ignored", 0, 500)});
  b.writer.insert(std::vector{sample(1, 1, 0, "ignored too", 0, 500)});
  CHECK(b.only().root_name == "kept");
  CHECK(b.only().span_count == 1);
  CHECK(b.only().duration_ns == 10 * static_cast<std::int64_t>(ms));
  CHECK(b.writer.counts().duplicate_spans == 2);
  CHECK(b.writer.counts().spans == 1);
  b.writer.insert(std::vector{sample(2, 1, 0, "another trace")});  // span ids are unique per trace only
  CHECK(b.writer.counts().spans == 2);
}

TEST_CASE("store: spans without ids are dropped and counted") {
  bench b;
  span nameless_trace = sample(1, 1, 0, "x");
  nameless_trace.trace_id = {};
  span nameless_span = sample(1, 1, 0, "x");
  nameless_span.span_id = {};
  CHECK(b.writer.insert(std::vector{nameless_trace, nameless_span}).empty());
  CHECK(b.writer.counts().dropped_spans == 2);
  CHECK(b.writer.counts().traces == 0);
}

TEST_CASE("store: the size cap drops whole traces, oldest arrival first, and counts them") {
  constexpr std::uint64_t cap = 2 * 1024 * 1024;
  bench b({cap, std::chrono::hours(1)});
  for (unsigned trace = 1; trace <= 400; ++trace) {
    std::vector<span> batch;
    for (unsigned i = 1; i <= 10; ++i) {
      batch.push_back(sample(trace, i, i - 1, "GET /", 1000 - trace));  // the newest arrival has the oldest start
      batch.back().attributes.push_back({"text", {std::string(1000, 'x')}});
    }
    b.writer.insert(batch);
    const auto before = b.writer.counts().dropped_traces;
    b.writer.evict();
    REQUIRE(b.writer.counts().bytes <= cap);
    if (b.writer.counts().dropped_traces != before) CHECK(b.writer.counts().bytes <= cap / 10 * 9);  // not each time
  }
  const store_counts counts = b.writer.counts();
  CHECK(counts.dropped_traces > 100);
  CHECK(counts.traces + static_cast<std::int64_t>(counts.dropped_traces) == 400);
  CHECK(counts.spans + static_cast<std::int64_t>(counts.dropped_spans) == 4000);
  CHECK_FALSE(b.reader.trace(trace_number(1), 100).has_value());
  REQUIRE(b.reader.trace(trace_number(400), 100).has_value());
  CHECK(b.reader.trace(trace_number(400), 100)->spans.size() == 10);
  const auto services = b.reader.services();
  REQUIRE(services.size() == 1);
  CHECK(services[0].spans == counts.spans);
}

TEST_CASE("store: a trace larger than the cap goes as well") {
  bench b({256 * 1024, std::chrono::hours(1)});
  std::vector<span> batch;
  for (unsigned i = 1; i <= 2000; ++i) batch.push_back(sample(1, i, 0, std::string(500, 'n')));
  b.writer.insert(batch);
  b.writer.evict();
  CHECK(b.writer.counts().traces == 0);
  CHECK(b.writer.counts().dropped_spans == 2000);
  CHECK(b.reader.services().empty());
}

TEST_CASE("store: the age limit drops what arrived too long ago") {
  bench b({64 * 1024 * 1024, std::chrono::seconds(60)});
  b.writer.insert(std::vector{sample(1, 1, 0, "old")});
  b.clock.advance(std::chrono::seconds(40));
  b.writer.insert(std::vector{sample(2, 1, 0, "young", 0, 10, "other")});
  b.clock.advance(std::chrono::seconds(21));
  b.writer.evict();
  CHECK(b.only().root_name == "young");
  CHECK(b.writer.counts().dropped_traces == 1);
  REQUIRE(b.reader.services().size() == 1);
  CHECK(b.reader.services()[0].name == "other");
  b.clock.advance(std::chrono::hours(1));
  b.writer.evict();
  CHECK(b.writer.counts().traces == 0);
}

TEST_CASE("store: an age limit of 0 keeps everything") {
  bench b({64 * 1024 * 1024, std::chrono::seconds(0)});
  b.writer.insert(std::vector{sample(1, 1, 0, "old")});
  b.clock.advance(std::chrono::hours(1000));
  b.writer.evict();
  CHECK(b.writer.counts().traces == 1);
}

TEST_CASE("store: a file keeps its traces over a restart") {
  const scratch_file file;
  {
    bench b(roomy, file.path);
    b.writer.insert(std::vector{sample(1, 1, 0, "GET /"), sample(1, 2, 1, "child")});
  }
  bench again(roomy, file.path);
  CHECK(again.only().span_count == 2);
  CHECK(again.writer.counts().spans == 2);
  again.writer.insert(std::vector{sample(1, 2, 1, "child"), sample(1, 3, 2, "late")});
  CHECK(again.only().span_count == 3);
}

TEST_CASE("store: a file over the limits is trimmed when it is opened") {
  const scratch_file file;
  {
    bench b(roomy, file.path);
    for (unsigned trace = 1; trace <= 200; ++trace)
      b.writer.insert(std::vector{sample(trace, 1, 0, std::string(10'000, 'x'))});
  }
  bench again({1024 * 1024, std::chrono::hours(1)}, file.path);
  CHECK(again.writer.counts().bytes <= 1024 * 1024);
  CHECK(again.writer.counts().dropped_traces > 50);
}

TEST_CASE("store: a file that cannot be used is refused with its name and the reason") {
  const scratch_file file;
  SECTION("not a database") {
    std::ofstream(file.path) << std::string(8192, 'x');
    CHECK_THAT(failure_of(file.path), Catch::Contains(file.path) && Catch::Contains("not a database"));
  }
  SECTION("of another program") {
    {
      database data(file.path);
      data.execute("PRAGMA application_id = 7");
    }
    CHECK_THAT(failure_of(file.path), Catch::Contains("another program"));
  }
  SECTION("of another version") {
    {
      database data(file.path);
      data.execute("PRAGMA user_version = 99");
    }
    CHECK_THAT(failure_of(file.path), Catch::Contains("layout 99"));
  }
  SECTION("in use") {
    database data(file.path);
    CHECK_THAT(failure_of(file.path), Catch::Contains("locked") && Catch::Contains("another viewer"));
  }
  SECTION("a folder") { CHECK_THAT(failure_of("/"), Catch::Contains("unable to open")); }
  SECTION("in a folder that is not there") {
    CHECK_THAT(failure_of(file.path + "/x/y.db"), Catch::Contains("unable to open"));
  }
}

TEST_CASE("store: a damaged file fails with an error, and nothing of the batch stays") {
  const scratch_file file;
  {
    bench b(roomy, file.path);
    for (unsigned trace = 1; trace <= 300; ++trace)
      b.writer.insert(std::vector{sample(trace, 1, 0, std::string(2'000, 'x'))});
  }
  {
    std::fstream raw(file.path, std::ios::in | std::ios::out | std::ios::binary);
    raw.seekp(4096);
    raw << std::string(300'000, '\x55');
  }
  bool failed = false;
  try {
    bench b(roomy, file.path);
    b.writer.insert(std::vector{sample(1, 2, 1, "late")});
    b.reader.list({});
  } catch (const database_error& problem) {
    failed = true;
    CHECK_THAT(problem.what(), Catch::Contains(file.path));
  }
  CHECK(failed);
}

}  // namespace sidespan::viewer::test

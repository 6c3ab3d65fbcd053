// SPDX-License-Identifier: Apache-2.0
#include "app/access_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sidespan::app::test {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

struct folder {
  std::filesystem::path path;
  folder() {
    std::string name = (std::filesystem::temp_directory_path() / "sidespan-access-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~folder() { std::filesystem::remove_all(path); }
  std::string file(const char* name) const { return (path / name).string(); }
};

std::string read_file(const std::string& name) {
  std::ostringstream out;
  out << std::ifstream(name).rdbuf();
  return out.str();
}

steady_clock::time_point soon() { return steady_clock::now() + seconds(20); }

}  // namespace

TEST_CASE("access log: every line of every shard is written before stop() returns") {
  const folder here;
  access_log log(here.file("log"), 2);
  for (int i = 0; i < 1000; ++i) {
    log.put(0, "a\n");
    log.put(1, "b\n");
  }
  log.stop(soon());
  const std::string text = read_file(here.file("log"));
  CHECK(text.size() == 4000);
  CHECK(log.read().written == 2000);
  CHECK(log.read().dropped_full + log.read().dropped_failed + log.read().dropped_late == 0);
}

TEST_CASE("access log: appends to a file that is there, and makes one that only its group may read") {
  const folder here;
  std::ofstream(here.file("log")) << "before\n";
  {
    access_log log(here.file("log"), 1);
    log.put(0, "after\n");
    log.stop(soon());
  }
  CHECK(read_file(here.file("log")) == "before\nafter\n");
  { const access_log log(here.file("new"), 1); }
  struct stat what {};
  REQUIRE(::stat(here.file("new").c_str(), &what) == 0);
  CHECK((what.st_mode & 0137U) == 0);
}

TEST_CASE("access log: opened anew, it goes on in the new file") {
  const folder here;
  access_log log(here.file("log"), 1);
  log.put(0, "one\n");
  while (log.read().written < 1) ::usleep(1000);
  std::filesystem::rename(here.file("log"), here.file("log.1"));
  log.open(here.file("log"));
  log.put(0, "two\n");
  log.stop(soon());
  // What was on its way may go to either; nothing is lost or doubled.
  CHECK(read_file(here.file("log.1")) + read_file(here.file("log")) == "one\ntwo\n");
  CHECK(std::filesystem::exists(here.file("log")));
}

TEST_CASE("access log: a file that cannot be opened is named; an open one stays") {
  const folder here;
  CHECK_THROWS_WITH(access_log(here.file("no/log"), 1), Catch::Matchers::Contains(here.file("no/log")));
  access_log log(here.file("log"), 1);
  CHECK_THROWS(log.open(here.file("no/log")));
  log.put(0, "one\n");
  log.stop(soon());
  CHECK(read_file(here.file("log")) == "one\n");
}

TEST_CASE("access log: a full disk loses lines and counts them") {
  access_log log("/dev/full", 1);
  for (int i = 0; i < 10; ++i) log.put(0, "x\n");
  log.stop(soon());
  CHECK(log.read().dropped_failed == 10);
  CHECK(log.read().written == 0);
}

TEST_CASE("access log: a reader that does not read stops nothing; every line is in the books") {
  const folder here;
  const std::string pipe = here.file("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  access_log log(pipe, 1, 1U << 16);
  const std::string line = std::string(99, 'x') + "\n";
  for (int i = 0; i < 10000; ++i) log.put(0, line);  // 1 MB; pipe and ring hold 64 KiB each
  const auto began = steady_clock::now();
  log.stop(began + std::chrono::milliseconds(100));
  CHECK(steady_clock::now() - began < seconds(10));
  const access_log_counts counts = log.read();
  CHECK(counts.dropped_full > 0);
  CHECK(counts.dropped_late > 0);
  CHECK(counts.written > 0);
  CHECK(counts.written + counts.dropped_full + counts.dropped_late == 10000);
  ::close(reader);
}

}  // namespace sidespan::app::test

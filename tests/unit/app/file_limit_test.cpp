// SPDX-License-Identifier: Apache-2.0
#include "app/file_limit.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

namespace sidespan::app::test {

TEST_CASE("file limit: every connection has a file for its upstream, and some are left for the rest") {
  struct row {
    std::size_t files, open, expected;
  };
  const row rows[] = {{1024, 20, 490}, {1'048'576, 30, 524'261}, {47, 20, 1}, {48, 20, 2}, {20, 20, 1}, {0, 20, 1}};
  for (const row& each : rows) {
    CAPTURE(each.files, each.open);
    CHECK(connections_within(each.files, each.open) == each.expected);
  }
}

TEST_CASE("file limit: counts what is open") {
  const std::size_t before = count_open_files();
  CHECK(before >= 3);
  const int more = ::dup(0);
  REQUIRE(more >= 0);
  CHECK(count_open_files() == before + 1);
  ::close(more);
  CHECK(count_open_files() == before);
}

}  // namespace sidespan::app::test

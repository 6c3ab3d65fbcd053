// SPDX-License-Identifier: Apache-2.0
#include "app/line_ring.hpp"

#include <catch2/catch.hpp>
#include <thread>

namespace sidespan::app::test {

TEST_CASE("line ring: lines come out whole, in order, over the edge") {
  line_ring ring(16);
  std::string out;
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const std::string line = std::string(static_cast<std::size_t>(i % 7), 'x') + std::to_string(i) + "\n";
    REQUIRE(ring.push(line));
    expected += line;
    ring.take(out, 16);
  }
  CHECK(out == expected);
  CHECK(ring.empty());
  CHECK(ring.dropped() == 0);
}

TEST_CASE("line ring: a line that does not fit is dropped whole and counted") {
  line_ring ring(8);
  CHECK(ring.push("12345\n"));
  CHECK_FALSE(ring.push("78\n"));
  CHECK(ring.push("7\n"));
  CHECK_FALSE(ring.push("\n"));
  CHECK(ring.dropped() == 2);
  std::string out;
  CHECK(ring.take(out, 3) == 3);
  CHECK(ring.take(out, 100) == 5);
  CHECK(ring.take(out, 100) == 0);
  CHECK(out == "12345\n7\n");
  CHECK_FALSE(ring.push("123456789"));
}

TEST_CASE("line ring: a producer and a consumer at once") {
  line_ring ring(1024);
  constexpr std::uint64_t lines = 100'000;
  std::thread producer([&ring] {
    for (std::uint64_t i = 0; i < lines; ++i) ring.push(std::to_string(i) + "\n");
    ring.push("e\n");
  });
  std::string out;
  std::uint64_t seen = 0;
  std::uint64_t next = 0;
  bool ordered = true;
  const auto read = [&] {
    std::string text;
    while (ring.take(out, 300) != 0) {
    }
    std::size_t begin = 0;
    for (std::size_t end; (end = out.find('\n', begin)) != std::string::npos; begin = end + 1) {
      text = out.substr(begin, end - begin);
      if (text == "e") continue;
      const std::uint64_t number = std::stoull(text);
      ordered = ordered && number >= next;
      next = number + 1;
      ++seen;
    }
    out.erase(0, begin);
  };
  while (seen + ring.dropped() < lines) read();
  producer.join();
  read();
  CHECK(ordered);
  CHECK(seen > 0);
  CHECK(out.empty());
}

}  // namespace sidespan::app::test

// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace sidespan;
using std::chrono::microseconds;

TEST_CASE("units: durations") {
  using row = std::pair<const char*, std::int64_t>;
  const auto [text, expected] = GENERATE(values<row>({{"0", 0},
                                                      {"0s", 0},
                                                      {"1us", 1},
                                                      {"250ms", 250'000},
                                                      {"3s", 3'000'000},
                                                      {"1.5s", 1'500'000},
                                                      {"0.25ms", 250},
                                                      {"5m", 300'000'000},
                                                      {"1h", 3'600'000'000},
                                                      {"1.000000001h", 3'600'000'004},
                                                      {"87600h", 315'360'000'000'000}}));
  CAPTURE(text);
  CHECK(base::parse_duration(text) == microseconds(expected));
}

TEST_CASE("units: what is no duration") {
  for (const char* bad : {"",
                          "s",
                          "5",
                          "00",
                          "-1s",
                          "+1s",
                          "1 s",
                          " 1s",
                          "1s ",
                          "1S",
                          "1sec",
                          "1d",
                          "1.s",
                          ".5s",
                          "1..5s",
                          "1.2.3s",
                          "1e3s",
                          "1.0000000001s",
                          "87601h",
                          "99999999999999999999s",
                          "18446744073709551615h"}) {
    CAPTURE(bad);
    CHECK_FALSE(base::parse_duration(bad));
  }
}

TEST_CASE("units: durations are written in the largest unit that keeps them whole") {
  CHECK(base::format_duration(microseconds(0)) == "0s");
  CHECK(base::format_duration(microseconds(1)) == "1us");
  CHECK(base::format_duration(microseconds(1'500'000)) == "1500ms");
  CHECK(base::format_duration(microseconds(60'000'000)) == "1m");
  CHECK(base::format_duration(microseconds(90'000'000)) == "90s");
  CHECK(base::format_duration(microseconds(7'200'000'000)) == "2h");
}

TEST_CASE("units: sizes") {
  using row = std::pair<const char*, std::uint64_t>;
  const auto [text, expected] = GENERATE(values<row>({{"0", 0},
                                                      {"512", 512},
                                                      {"512B", 512},
                                                      {"64KiB", 65536},
                                                      {"64kB", 64000},
                                                      {"2MiB", 2097152},
                                                      {"2MB", 2000000},
                                                      {"1GiB", 1073741824},
                                                      {"1GB", 1000000000},
                                                      {"9223372036854775808", 1ULL << 63},
                                                      {"8589934592GiB", 1ULL << 63}}));
  CAPTURE(text);
  CHECK(base::parse_size(text) == expected);
}

TEST_CASE("units: what is no size") {
  for (const char* bad : {"", "B", "KiB", "-1", "+1", "1 KiB", "1k", "1K", "1KB", "1kib", "1.5MiB", "1TiB",
                          "9223372036854775809", "8589934593GiB", "18446744073709551616"}) {
    CAPTURE(bad);
    CHECK_FALSE(base::parse_size(bad));
  }
}

TEST_CASE("units: sizes are written in the largest binary unit that keeps them whole") {
  CHECK(base::format_size(0) == "0");
  CHECK(base::format_size(512) == "512");
  CHECK(base::format_size(1024) == "1KiB");
  CHECK(base::format_size(1025) == "1025");
  CHECK(base::format_size(3 << 20) == "3MiB");
  CHECK(base::format_size(1000000) == "1000000");
}

TEST_CASE("units: what is written is read back") {
  std::mt19937_64 random(8);
  for (int i = 0; i < 2000; ++i) {
    const auto bits = 64 - random() % 50;
    const microseconds duration(static_cast<std::int64_t>(random() % 315'360'000'000'000 >> random() % 48));
    REQUIRE(base::parse_duration(base::format_duration(duration)) == duration);
    const std::uint64_t size = (random() >> (65 - bits)) & ~(random() % 3 == 0 ? 1023ULL : 0ULL);
    REQUIRE(base::parse_size(base::format_size(size)) == size);
  }
}

// SPDX-License-Identifier: Apache-2.0
#include "trace/traceparent.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace sidespan;

namespace {

const std::string ids = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
const std::string good = "00-" + ids + "-01";

struct vector {
  const char* rule;
  std::string line;
  bool valid;
};

std::string written(const trace::traceparent& value) {
  std::string out(trace::traceparent_size, '?');
  trace::write_traceparent(value, out.data());
  return out;
}

}  // namespace

TEST_CASE("traceparent: reads ids and flags") {
  const auto parsed = trace::parse_traceparent(good);
  REQUIRE(parsed);
  CHECK(parsed->trace.hex() == "0af7651916cd43dd8448eb211c80319c");
  CHECK(parsed->parent.hex() == "b7ad6b7169203331");
  CHECK(parsed->flags == trace::flags::sampled);
}

TEST_CASE("traceparent: vectors of specs §1.2") {
  const std::string future = "-" + ids + "-01";
  const auto row = GENERATE_COPY(values<vector>({
      {"TC-2 a pair in one line", good + "," + good, false},
      {"TC-2 a pair in one line", good + ", " + good, false},
      {"TC-3 leading space", " " + good, true},
      {"TC-3 leading tab", "\t" + good, true},
      {"TC-3 trailing space", good + " ", true},
      {"TC-3 both", "\t " + good + " \t", true},
      {"TC-3 interior space", "00 -" + ids + "-01", false},
      {"TC-3 interior space", "00- " + ids + "-01", false},
      {"TC-3 interior space", "00-" + ids + "- 1", false},
      {"TC-3 line break is not OWS", good + "\n", false},
      {"TC-3 vertical tab is not OWS", good + "\v", false},
      {"TC-4 version", ".0-" + ids + "-01", false},
      {"TC-4 version", "0.-" + ids + "-01", false},
      {"TC-4 version", "000-" + ids + "-01", false},
      {"TC-4 version", "0-" + ids + "-01", false},
      {"TC-4 version", "0000-" + ids + "-01", false},
      {"TC-4 version", "-" + ids + "-01", false},
      {"TC-4 version not hex", "0g-" + ids + "-01", false},
      {"TC-4 version upper case", "CC-" + ids + "-01", false},
      {"TC-4 version half upper case", "0A-" + ids + "-01", false},
      {"TC-5 version ff", "ff" + future, false},
      {"TC-5 version ff, longer", "ff" + future + "-x", false},
      {"TC-6 version 00, longer", good + ".", false},
      {"TC-6 version 00, longer", good + "-", false},
      {"TC-6 version 00, longer", good + "-what-the-future-will-be-like", false},
      {"TC-6 version 00, shorter", good.substr(0, 54), false},
      {"TC-7 version cc", "cc" + future, true},
      {"TC-7 version 01", "01" + future, true},
      {"TC-7 version fe", "fe" + future, true},
      {"TC-7 version cc, dash", "cc" + future + "-", true},
      {"TC-7 version cc, future", "cc" + future + "-what-the-future-will-be-like", true},
      {"TC-7 version cc, no dash", "cc" + future + ".what-the-future-will-be-like", false},
      {"TC-7 version cc, third flag digit", "cc" + future + "0", false},
      {"TC-7 version cc, shorter", ("cc" + future).substr(0, 54), false},
      {"TC-8 trace id zero", "00-00000000000000000000000000000000-b7ad6b7169203331-01", false},
      {"TC-8 trace id almost zero", "00-00000000000000000000000000000001-b7ad6b7169203331-01", true},
      {"TC-8 parent id zero", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false},
      {"TC-8 parent id almost zero", "00-0af7651916cd43dd8448eb211c80319c-1000000000000000-01", true},
      {"TC-8 trace id short", "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01", false},
      {"TC-8 trace id long", "00-0af7651916cd43dd8448eb211c80319c0-b7ad6b7169203331-01", false},
      {"TC-8 parent id short", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01", false},
      {"TC-8 parent id long", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033310-01", false},
      {"TC-8 trace id upper case", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false},
      {"TC-8 parent id upper case", "00-0af7651916cd43dd8448eb211c80319c-B7ad6b7169203331-01", false},
      {"TC-8 flags upper case", "00-" + ids + "-0A", false},
      {"TC-8 upper case, future version", "cc-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false},
      {"TC-8 trace id not hex", "00-0af7651916cd43dd8448eb211c80319.-b7ad6b7169203331-01", false},
      {"TC-8 parent id not hex", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333.-01", false},
      {"TC-8 flags not hex", "00-" + ids + "-.0", false},
      {"TC-8 flags not hex", "00-" + ids + "-0.", false},
      {"TC-8 flags short", "00-" + ids + "-1", false},
      {"TC-8 flags long", "00-" + ids + "-001", false},
      {"TC-8 dash missing", "00_" + ids + "-01", false},
      {"TC-8 dash missing", "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01", false},
      {"TC-8 dash missing", "00-" + ids + "_01", false},
      {"TC-8 sign is not hex", "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
      {"empty", "", false},
      {"blank", " \t ", false},
      {"NUL", std::string(55, '\0'), false},
  }));
  CAPTURE(row.rule, row.line);
  CHECK(trace::parse_traceparent(row.line).has_value() == row.valid);
}

TEST_CASE("traceparent: known flags by mask, others zeroed (TC-9, TC-10)") {
  using row = std::pair<std::string, std::string>;
  const auto [in, out] = GENERATE(values<row>({{"00", "00"},
                                               {"01", "01"},
                                               {"02", "02"},
                                               {"03", "03"},
                                               {"ff", "03"},
                                               {"fe", "02"},
                                               {"04", "00"},
                                               {"05", "01"},
                                               {"0a", "02"},
                                               {"80", "00"},
                                               {"81", "01"}}));
  const std::string version = GENERATE("00", "cc");
  CAPTURE(in, out, version);
  const auto parsed = trace::parse_traceparent(version + "-" + ids + "-" + in);
  REQUIRE(parsed);
  CHECK(parsed->flags == static_cast<trace::flags>(std::stoi(out)));
  CHECK(written(*parsed) == "00-" + ids + "-" + out);
}

TEST_CASE("traceparent: writes no unknown flag bit (TC-10)") {
  auto value = *trace::parse_traceparent(good);
  value.flags = static_cast<trace::flags>(0xfd);
  CHECK(written(value) == "00-" + ids + "-01");
}

TEST_CASE("traceparent: a future version goes out as 00 (TC-20)") {
  CHECK(written(*trace::parse_traceparent("cc-" + ids + "-01-future")) == good);
}

TEST_CASE("traceparent: what is written is read back") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    trace::traceparent value;
    for (auto& byte : value.trace.bytes) byte = static_cast<std::uint8_t>(random());
    for (auto& byte : value.parent.bytes) byte = static_cast<std::uint8_t>(random());
    value.flags = static_cast<trace::flags>(random() & 3);
    const auto back = trace::parse_traceparent(written(value));
    REQUIRE(back);
    REQUIRE(*back == value);
  }
}

TEST_CASE("traceparent: one changed byte is refused or changes the meaning") {
  const auto original = *trace::parse_traceparent(good);
  for (std::size_t i = 2; i < good.size(); ++i) {  // the version is no part of the meaning
    for (int byte = 0; byte < 256; ++byte) {
      std::string line = good;
      line[i] = static_cast<char>(byte);
      if (line == good) continue;
      const auto parsed = trace::parse_traceparent(line);
      const bool flag_of_later_levels = i >= 53;
      CAPTURE(i, byte);
      REQUIRE((!parsed || flag_of_later_levels || *parsed != original));
    }
  }
}

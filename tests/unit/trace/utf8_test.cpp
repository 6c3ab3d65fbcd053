// SPDX-License-Identifier: Apache-2.0
#include "trace/utf8.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace sidespan;

namespace {

const std::string bad = "\xEF\xBF\xBD";

std::string cleaned(std::string_view text, std::size_t limit = 4096) {
  std::string out;
  trace::append_utf8(out, text, limit);
  return out;
}

/// An oracle of another make: decodes the scalar value and looks at its range.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t size = first < 0x80   ? 1
                             : first < 0xc0 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf8 ? 4
                                            : 0;
    if (size == 0 || i + size > text.size()) return false;
    std::uint32_t value = size == 1 ? first : first & (0x7fU >> size);
    for (std::size_t j = 1; j < size; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      if ((next & 0xc0) != 0x80) return false;
      value = value << 6 | (next & 0x3f);
    }
    const std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < smallest[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return false;
    i += size;
  }
  return true;
}

}  // namespace

TEST_CASE("utf8: valid text stays as it is") {
  const std::string text =
      GENERATE("", "plain", "caf\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
               "\xF4\x8F\xBF\xBF", "\xC2\x80", "\xE0\xA0\x80", "\xF0\x90\x80\x80", "\xEF\xBF\xBF",
               "0123456789\xC3\xA9"
               "abcdefgh");
  CHECK(cleaned(text) == text);
}

TEST_CASE("utf8: one U+FFFD for each maximal ill-formed part (Unicode §3.9, tables 3-8 to 3-11)") {
  struct vector {
    std::string in, out;
  };
  const auto row = GENERATE(values<vector>({
      {"\x80", bad},
      {"a\xFF"
       "b",
       "a" + bad + "b"},
      {"\xC0\xAF", bad + bad},
      {"\xE0\x80\xAF", bad + bad + bad},
      {"\xF0\x80\x80\xAF", bad + bad + bad + bad},
      {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", bad + bad + bad + bad + bad + bad + bad + bad + "A"},
      {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", bad + bad + bad + bad + bad + "A" + bad + bad + "B"},
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", bad + bad + bad + bad + "A"},
      {"abc\xE2\x82", "abc" + bad},
      {"\xF0\x9F\x98", bad},
      {"\xC3", bad},
      {"\xF5\x80\x80\x80", bad + bad + bad + bad},
  }));
  CHECK(cleaned(row.in) == row.out);
}

TEST_CASE("utf8: cuts between characters, also before a replacement") {
  CHECK(cleaned("aaaa", 4) == "aaaa");
  CHECK(cleaned("aaaaa", 4) == "aaaa");
  CHECK(cleaned("aaa\xC3\xA9", 5) == "aaa\xC3\xA9");
  CHECK(cleaned("aaa\xC3\xA9", 4) == "aaa");
  CHECK(cleaned("a\xF0\x9F\x98\x80z", 4) == "a");
  CHECK(cleaned("aa\xFFz", 4) == "aa");
  CHECK(cleaned("a\xFFz", 4) == "a" + bad);
  CHECK(cleaned("\xC3\xA9", 0) == "");
  CHECK(cleaned("aaaa\xFF", 4) == "aaaa");
}

TEST_CASE("utf8: the limit counts what is appended, not what was there") {
  std::string out = "before ";
  trace::append_utf8(out, "\xC3\xA9\xC3\xA9", 2);
  CHECK(out == "before \xC3\xA9");
}

TEST_CASE("utf8: any bytes become valid text within the limit; valid bytes are unchanged") {
  std::mt19937 random(3);
  const std::string bytes("\x00\x41\x7f\x80\xbf\xc2\xc3\xe0\xa0\xed\x9f\xef\xf0\x90\xf4\x8f\xff", 17);
  int valid = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string text;
    for (auto n = random() % 12; n > 0; --n) text += bytes[random() % bytes.size()];
    const std::size_t limit = random() % 30;
    const std::string out = cleaned(text, limit);
    REQUIRE(is_utf8(out));
    REQUIRE(out.size() <= limit);
    REQUIRE(is_utf8(text) == (cleaned(text) == text));
    valid += is_utf8(text) && !text.empty() ? 1 : 0;
  }
  CHECK(valid > 1000);
}

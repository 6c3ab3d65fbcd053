// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

using namespace sidespan;

TEST_CASE("text: compares without regard to ASCII case only") {
  CHECK(base::iequals("", ""));
  CHECK(base::iequals("Content-LENGTH", "content-length"));
  CHECK_FALSE(base::iequals("a", "ab"));
  CHECK_FALSE(base::iequals("[", "{"));
  CHECK_FALSE(base::iequals("@", "`"));
  CHECK_FALSE(base::iequals("\xC3\x84", "\xC3\xA4"));
  CHECK(base::to_lower("AZ@[`{az09\xC3\x84") == "az@[`{az09\xC3\x84");
}

TEST_CASE("text: folds exactly the 26 letters, at every place of a text of any length") {
  for (int a = 0; a < 256; ++a) {
    for (const std::size_t size : {1, 7, 8, 9, 15, 16, 19}) {
      for (std::size_t place = 0; place < size; ++place) {
        std::string one(size, 'q'), other(size, 'Q');
        one[place] = static_cast<char>(a);
        other[place] = static_cast<char>(a ^ 0x20);
        const char folded = static_cast<char>(a | 0x20);
        const bool letter = folded >= 'a' && folded <= 'z' && (a & 0x80) == 0;
        if (base::iequals(one, other) != letter) FAIL_CHECK("byte " << a << " at " << place << " of " << size);
        other[place] = static_cast<char>(a);
        if (!base::iequals(one, other)) FAIL_CHECK("byte " << a << " is not itself at " << place << " of " << size);
      }
    }
  }
}

TEST_CASE("text: OWS is space and tab") {
  CHECK(base::trim_ows(" \t a b \t") == "a b");
  CHECK(base::trim_ows(" \t") == "");
  CHECK(base::trim_ows("") == "");
  CHECK(base::trim_ows("\na\r") == "\na\r");
}

TEST_CASE("text: list elements, trimmed, empty ones skipped (RFC 9110 §5.6.1)") {
  using row = std::pair<std::string, std::vector<std::string>>;
  const auto [text, expected] = GENERATE(values<row>({
      {"", {}},
      {",", {}},
      {" , \t,", {}},
      {"a", {"a"}},
      {"a,b", {"a", "b"}},
      {" a , b b\t,", {"a", "b b"}},
      {",,a,,b,,", {"a", "b"}},
  }));
  CAPTURE(text);
  std::vector<std::string> found;
  std::string_view rest = text;
  while (const auto element = base::next_list_element(rest)) found.emplace_back(*element);
  CHECK(found == expected);
  CHECK_FALSE(base::next_list_element(rest));
}

TEST_CASE("text: decimal digits and nothing else") {
  CHECK(base::parse_decimal("0") == 0);
  CHECK(base::parse_decimal("007") == 7);
  CHECK(base::parse_decimal("18446744073709551615") == UINT64_MAX);
  CHECK(base::parse_decimal("00018446744073709551615") == UINT64_MAX);
  for (const char* bad : {"", " 1", "1 ", "+1", "-1", "1.0", "0x1", "a", "1,1", "18446744073709551616",
                          "99999999999999999999", "184467440737095516150"}) {
    CAPTURE(bad);
    CHECK_FALSE(base::parse_decimal(bad));
  }
}

TEST_CASE("text: hex out and in") {
  const std::vector<std::uint8_t> bytes{0x00, 0x01, 0x9a, 0xbc, 0xff};
  CHECK(base::to_hex(bytes) == "00019abcff");
  CHECK(base::to_hex({}) == "");
  std::vector<std::uint8_t> back(5);
  CHECK(base::parse_lower_hex("00019abcff", back));
  CHECK(back == bytes);
}

TEST_CASE("text: hex is lower case and of the right length") {
  std::vector<std::uint8_t> two(2);
  for (const char* bad : {"", "12", "123", "12345", "123456", "12g4", "12G4", "ABCD", "abCd", "-123", "12 4", "0x12",
                          "12/4", "12:4", "12`4"}) {
    CAPTURE(bad);
    CHECK_FALSE(base::parse_lower_hex(bad, two));
  }
}

TEST_CASE("text: hex of every byte at every place is what two digits say, and is read back") {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t place = 0; place < 7; ++place) {
    for (std::size_t i = 0; i < 256; ++i) {
      std::vector<std::uint8_t> bytes{0x0f, 0xf0, 0x99, 0xaa, 0x9a, 0xa9, 0x00};
      std::string want = "0ff099aa9aa900";
      bytes[place] = static_cast<std::uint8_t>(i);
      want[2 * place] = digits[i / 16];
      want[2 * place + 1] = digits[i % 16];
      REQUIRE(base::to_hex(bytes) == want);
      std::vector<std::uint8_t> back(bytes.size());
      REQUIRE(base::parse_lower_hex(want, back));
      REQUIRE(back == bytes);
    }
  }
}

TEST_CASE("text: edit distance with a cap") {
  CHECK(base::edit_distance("", "", 3) == 0);
  CHECK(base::edit_distance("abc", "abc", 3) == 0);
  CHECK(base::edit_distance("timeout", "timeuot", 3) == 2);
  CHECK(base::edit_distance("timeout", "timeouts", 3) == 1);
  CHECK(base::edit_distance("listen", "lisen", 3) == 1);
  CHECK(base::edit_distance("listen", "Listen", 3) == 0);
  CHECK(base::edit_distance("kitten", "sitting", 3) == 3);
  CHECK(base::edit_distance("kitten", "sitting", 2) == 3);
  CHECK(base::edit_distance("", "abcdef", 2) == 3);
  CHECK(base::edit_distance("abcdef", "", 10) == 6);
}

// SPDX-License-Identifier: Apache-2.0
#include "http1/syntax.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace sidespan::http1;

TEST_CASE("syntax: the scan over a value stops at the first byte that does not belong there, wherever it is") {
  for (int byte = 0; byte < 256; ++byte) {
    const bool belongs = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    for (std::size_t size = 1; size <= 26; ++size) {
      for (std::size_t place = 0; place < size; ++place) {
        std::vector<char> text(size, '\xff');
        text[place] = static_cast<char>(byte);
        const char* const begin = text.data();
        const std::size_t expected = belongs ? size : place;
        if (skip_field_chars(begin, begin + size) == begin + expected) continue;
        FAIL_CHECK("byte " << byte << " at " << place << " of " << size);
      }
    }
  }
  const char none = 'x';
  CHECK(skip_field_chars(&none, &none) == &none);
}

namespace {

/// `scan` must stop at each byte that does not belong, at each place of a text that is good otherwise.
template <class Scan, class Belongs>
void check_scan(Scan scan, Belongs belongs, char good) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t size = 1; size <= 36; ++size) {
      for (std::size_t place = 0; place < size; ++place) {
        std::vector<char> text(size, good);
        text[place] = static_cast<char>(byte);
        const char* const begin = text.data();
        const std::size_t expected = belongs(static_cast<char>(byte)) ? size : place;
        if (scan(begin, begin + size) == begin + expected) continue;
        FAIL_CHECK("byte " << byte << " at " << place << " of " << size);
      }
    }
  }
}

}  // namespace

TEST_CASE("syntax: the scan over a name stops at the first byte that is no tchar, wherever it is") {
  const std::string_view tchars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const auto belongs = [tchars](char c) { return tchars.find(c) != std::string_view::npos; };
  check_scan(skip_token_chars, belongs, 'x');
  check_scan(skip_token_chars, belongs, '_');
}

TEST_CASE("syntax: the scan over a target stops at the first byte that is not visible ASCII, wherever it is") {
  check_scan(
      skip_visible, [](char c) { return c > 0x20 && c < 0x7f; }, '/');
}

TEST_CASE("syntax: a token is not empty and holds no separator") {
  CHECK(is_token("GET"));
  CHECK(is_token("!#$%&'*+-.^_`|~09azAZ"));
  CHECK_FALSE(is_token(""));
  for (const char c : std::string_view("\"(),/:;<=>?@[\\]{} \t\x7f\x80\xff\r\n\0", 26)) {
    CAPTURE(static_cast<int>(c));
    CHECK_FALSE(is_token(std::string_view(&c, 1)));
  }
}

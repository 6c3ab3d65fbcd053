// SPDX-License-Identifier: Apache-2.0
#include "route/path_template.hpp"

#include <fnmatch.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace sidespan;

namespace {

bool matches_to_a_slash(const std::string& pattern, const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (fnmatch(pattern.c_str(), path.substr(0, slash).c_str(), FNM_PATHNAME) == 0) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("path template: says what is wrong, and where") {
  struct vector {
    const char* text;
    std::string wrong;
  };
  const auto row = GENERATE(values<vector>({
      {"/", ""},
      {"/carts", ""},
      {"/carts/", ""},
      {"/carts/{id}", ""},
      {"/carts/{id}/", ""},
      {"/{a}/{b}/{c*}", ""},
      {"/{rest*}", ""},
      {"/a%2Fb/{x_1-y.z}", ""},
      {"/a:b@c,d;e=f*/g", ""},
      {"", "no '/' at 0"},
      {"carts", "no '/' at 0"},
      {"{id}", "no '/' at 0"},
      {"/carts/{id", "'{' without '}' at 7"},
      {"/carts/{id/x}", "'{' without '}' at 7"},
      {"/carts/id}", "'}' without '{' at 9"},
      {"/carts/{}", "'{}' without a name at 7"},
      {"/carts/{*}", "'{}' without a name at 7"},
      {"/carts/{i d}", "bad character in a name at 9"},
      {"/carts/{a*b}", "bad character in a name at 9"},
      {"/carts/{a**}", "bad character in a name at 9"},
      {"/carts/{{a}}", "bad character in a name at 8"},
      {"/carts/x{id}", "text before '{' in the same segment at 8"},
      {"/carts/{id}x", "text after '}' in the same segment at 11"},
      {"/carts/{a}{b}", "text after '}' in the same segment at 10"},
      {"/carts//x", "empty segment at 7"},
      {"//", "empty segment at 1"},
      {"/{rest*}/x", "'{name*}' that is not last at 1"},
      {"/{rest*}/", "'{name*}' that is not last at 1"},
      {"/{id}/{id}", "name used twice at 7"},
      {"/{id}/{id*}", "name used twice at 7"},
      {"/a?b", "character that cannot be in a path at 2"},
      {"/a#b", "character that cannot be in a path at 2"},
      {"/a b", "character that cannot be in a path at 2"},
      {"/a\x7f", "character that cannot be in a path at 2"},
      {"/caf\xc3\xa9", "character that cannot be in a path at 4"},
  }));
  CAPTURE(row.text);
  CHECK(route::check_template(row.text) == row.wrong);
}

TEST_CASE("path template: fits") {
  struct vector {
    const char* path_template;
    const char* path;
    bool expected;
  };
  const auto row = GENERATE(values<vector>({
      {"/", "/", true},
      {"/", "", false},
      {"/", "/a", false},
      {"/carts", "/carts", true},
      {"/carts", "/carts/", false},
      {"/carts/", "/carts", false},
      {"/carts/", "/carts/", true},
      {"/carts", "/Carts", false},
      {"/carts", "/cart", false},
      {"/carts", "/carts2", false},
      {"/carts/{id}", "/carts/1", true},
      {"/carts/{id}", "/carts/", false},
      {"/carts/{id}", "/carts", false},
      {"/carts/{id}", "/carts/1/", false},
      {"/carts/{id}", "/carts/1/items", false},
      {"/carts/{id}", "/carts/a%2Fb", true},
      {"/carts/{id}", "/carts/{id}", true},
      {"/carts/{id}", "/users/1", false},
      {"/carts/{id}/items/{n}", "/carts/1/items/2", true},
      {"/carts/{id}/items/{n}", "/carts/1/things/2", false},
      {"/carts/{id}/items/{n}", "/carts//items/2", false},
      {"/{a}/b", "/x/b", true},
      {"/{a}/b", "//b", false},
      {"/files/{rest*}", "/files/a/b/c", true},
      {"/files/{rest*}", "/files/a", true},
      {"/files/{rest*}", "/files/", true},
      {"/files/{rest*}", "/files//", true},
      {"/files/{rest*}", "/files", false},
      {"/files/{rest*}", "/filesystem", false},
      {"/{rest*}", "/", true},
      {"/{rest*}", "/a/b", true},
      {"/{rest*}", "*", false},
      {"/{rest*}", "", false},
      {"/{a}", "*", false},
      {"/a", "a", false},
  }));
  CAPTURE(row.path_template, row.path);
  REQUIRE(route::check_template(row.path_template).empty());
  CHECK(route::fits(row.path_template, row.path) == row.expected);
}

TEST_CASE("path template: agrees with fnmatch") {
  std::mt19937 random(5);
  const std::string segments[] = {"", "a", "b", "ab", "{x}"};
  const std::string path_segments[] = {"", "a", "b", "ab", "abc"};
  int fitting = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    std::string pattern;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      const std::string& segment = segments[random() % 5];
      text += "/" + segment;
      pattern += segment == "{x}" ? "/[!/]*" : "/" + segment;
    }
    const bool rest = random() % 4 == 0;
    if (rest) text += "/{rest*}";
    std::string path;
    for (auto n = 1 + random() % 4; n > 0; --n) path += "/" + path_segments[random() % 5];
    CAPTURE(text, path);
    const bool expected =
        rest ? matches_to_a_slash(pattern, path) : fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
    REQUIRE(route::fits(text, path) == expected);
    fitting += expected ? 1 : 0;
  }
  CHECK(fitting > 100);
}

TEST_CASE("path template: any text can be checked and tried") {
  std::mt19937 random(6);
  const std::string alphabet = "/{}*ab?";
  for (int i = 0; i < 50000; ++i) {
    std::string text;
    std::string path;
    for (auto n = random() % 10; n > 0; --n) text += alphabet[random() % alphabet.size()];
    for (auto n = random() % 10; n > 0; --n) path += alphabet[random() % alphabet.size()];
    const bool valid = route::check_template(text).empty();
    const bool fits = route::fits(text, path);
    if (valid && fits) REQUIRE(path.front() == '/');
    if (valid && text.find('{') == std::string::npos) REQUIRE(fits == (text == path));
  }
}

TEST_CASE("path shape: literals, braces, rest") {
  const auto shape = route::shape_of("/a/{b}/c/{d}/{e*}");
  CHECK(shape.literals == 2);
  CHECK(shape.braces == 2);
  CHECK(shape.rest);
  const auto prefix = route::shape_of("/api/v1/");
  CHECK(prefix.literals == 2);
  CHECK(prefix.braces == 0);
  CHECK_FALSE(prefix.rest);
  CHECK(route::shape_of("").literals == 0);
  CHECK(route::shape_of("/").literals == 0);
}

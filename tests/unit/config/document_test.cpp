// SPDX-License-Identifier: Apache-2.0
#include "config/document.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace {

using namespace sidespan::config;

std::string only_problem(const std::string& text) {
  report problems;
  const origin where{origin::layer::file, "f", 0, 0};
  CHECK_FALSE(parse_document(text, where, problems).has_value());
  REQUIRE(problems.sorted().size() == 1);
  return format(problems.sorted()[0]);
}

}  // namespace

TEST_CASE("document: places are 1-based, of keys and of values") {
  report problems;
  const auto tree = parse_document("a:\n  bc: \"d\"\n  e: [f, g]\n", {}, problems);
  REQUIRE(tree.has_value());
  REQUIRE(tree->items.size() == 1);
  const node& a = tree->items[0];
  REQUIRE(a.keys.size() == 2);
  CHECK(a.keys[0].line == 2);
  CHECK(a.keys[0].column == 3);
  CHECK(a.items[0].column == 7);
  CHECK(a.items[0].text == "d");
  CHECK(a.items[1].items.at(1).text == "g");
  CHECK(a.items[1].items.at(1).line == 3);
  CHECK(a.items[1].items.at(1).column == 10);
}

TEST_CASE("document: an alias is a copy") {
  report problems;
  const auto tree = parse_document("a: &x { b: 1 }\nc: *x\n", {}, problems);
  REQUIRE(tree.has_value());
  CHECK(tree->items.at(1).items.at(0).text == "1");
}

TEST_CASE("document: aliases of aliases are bounded") {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string name = "a" + std::to_string(i);
    const std::string last = "*a" + std::to_string(i - 1);
    text += name + ": &" + name + " [";
    for (int j = 0; j < 10; ++j) text += (j ? ", " : "") + last;
    text += "]\n";
  }
  CHECK_THAT(only_problem(text), Catch::EndsWith("more than 20000 values"));
}

TEST_CASE("document: exactly the most values are allowed") {
  const auto list_of = [](std::size_t items) {
    std::string text = "[";
    for (std::size_t i = 0; i < items; ++i) text += "x,";
    return text + "]";
  };
  report problems;
  CHECK(parse_document(list_of(most_nodes - 1), {}, problems).has_value());
  CHECK(only_problem(list_of(most_nodes)).find("more than 20000 values") != std::string::npos);
}

TEST_CASE("document: depth is bounded") {
  CHECK_THAT(only_problem(std::string(100000, '[')), Catch::StartsWith("f:1:"));
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "- ";
  CHECK_THAT(only_problem(deep + "x"), Catch::StartsWith("f:1:"));
}

TEST_CASE("document: size is bounded, and binary refused") {
  report problems;
  CHECK(parse_document("#" + std::string(most_bytes - 1, 'x'), {}, problems).has_value());
  CHECK(only_problem("#" + std::string(most_bytes, 'x')) == "f:1:1: larger than 1 MiB");
  CHECK(only_problem(std::string("a: b\0c", 6)) == "f:1:1: contains a NUL byte: not a text file");
}

TEST_CASE("document: empty text, comments and null are null") {
  for (const char* text : {"", "# nothing\n", "---\n", "~", "\n\n"}) {
    report problems;
    const auto tree = parse_document(text, {}, problems);
    INFO(text);
    REQUIRE(tree.has_value());
    CHECK(tree->kind == node::kind::null);
  }
}

// SPDX-License-Identifier: Apache-2.0
#include "config/keys.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>

#include "config/value.hpp"

namespace {

using namespace sidespan::config;

}  // namespace

TEST_CASE("keys: every row is complete") {
  std::set<std::string_view> seen;
  for (const key& row : keys()) {
    INFO(row.path);
    CHECK(seen.insert(row.path).second);
    if (row.kind == kind::later) continue;
    CHECK_FALSE(row.doc.empty());
    CHECK((row.assign != nullptr || row.kind == kind::section));
    if (!row.shorthand.empty()) {
      const key* below = child(&row, row.shorthand);
      REQUIRE(below != nullptr);
      CHECK(below->path == std::string(row.path) + "." + std::string(row.shorthand));
    }
  }
}

TEST_CASE("keys: every row has a parent in the table") {
  for (const key& row : keys()) {
    INFO(row.path);
    const std::size_t dot = row.path.rfind('.');
    if (dot == std::string_view::npos) continue;
    bool found = false;
    for (const key& other : keys()) found = found || (other.path == row.path.substr(0, dot) && is_group(other));
    CHECK(found);
  }
}

TEST_CASE("keys: every default is valid and written the way it is printed") {
  for (const key& row : keys()) {
    if (row.preset.empty()) continue;
    INFO(row.path);
    report problems;
    const std::string text = "x: " + std::string(row.preset) + "\n";
    const auto document = parse_document(text, {}, problems);
    REQUIRE(document.has_value());
    const auto checked = parse_value(row, document->items.at(0), row.path, {}, problems);
    REQUIRE(checked.has_value());
    CHECK(to_yaml(row, *checked) == row.preset);
  }
}

TEST_CASE("keys: names of variables") {
  CHECK(variable_of(*row_at(std::vector<std::string>{"trace", "url_query"})) == "SIDESPAN_TRACE_URL_QUERY");
  CHECK(variable_of(*row_at(std::vector<std::string>{"inbound", "8080", "to"})).empty());
  CHECK(variable_of(*row_at(std::vector<std::string>{"trace"})).empty());
}

TEST_CASE("keys: an exact name is before a wildcard") {
  CHECK(row_at(std::vector<std::string>{"outbound", "proxy"})->path == "outbound.proxy");
  CHECK(row_at(std::vector<std::string>{"outbound", "9001"})->path == "outbound.*");
  CHECK(row_at(std::vector<std::string>{"inbound", "1", "routes", "7", "match"})->path == "inbound.*.routes.#.match");
  CHECK(row_at(std::vector<std::string>{"nothing"}) == nullptr);
}

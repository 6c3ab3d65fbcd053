// SPDX-License-Identifier: Apache-2.0

#include "viewer/encode.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "unit/viewer/sample.hpp"

namespace sidespan::viewer::test {

using nlohmann::json;

TEST_CASE("encode: attribute values keep their types") {
  const attributes list = {
      {"text", {std::string("a\"b\\c\n")}},
      {"yes", {true}},
      {"int", {std::int64_t{-42}}},
      {"real", {1.5}},
      {"empty", {}},
      {"raw", {bytes{std::string("\x00\xff\x10", 3)}}},
      {"list", {array{{std::int64_t{1}}, {std::string("two")}, {false}}}},
      {"map", {attributes{{"inner", {std::int64_t{7}}}}}},
  };
  const json seen = json::parse(json_of(list));
  CHECK(seen == json::parse(R"({"text":"a\"b\\c\n","yes":true,"int":-42,"real":1.5,"empty":null,"raw":"AP8Q",
                               "list":[1,"two",false],"map":{"inner":7}})"));
}

TEST_CASE("encode: numbers that JSON or a browser would change become strings") {
  constexpr std::int64_t exact = std::int64_t{1} << 53;
  const json seen = json::parse(json_of({{"edge", {exact}},
                                         {"beyond", {exact + 1}},
                                         {"least", {std::numeric_limits<std::int64_t>::min()}},
                                         {"nan", {std::numeric_limits<double>::quiet_NaN()}},
                                         {"inf", {-std::numeric_limits<double>::infinity()}}}));
  CHECK(seen["edge"] == exact);
  CHECK(seen["beyond"] == "9007199254740993");
  CHECK(seen["least"] == "-9223372036854775808");
  CHECK(seen["nan"] == "NaN");
  CHECK(seen["inf"] == "-Infinity");
}

TEST_CASE("encode: the first of equal keys counts") {
  CHECK(json_of({{"k", {std::int64_t{1}}}, {"k", {std::int64_t{2}}}}) == R"({"k":1})");
}

TEST_CASE("encode: bad UTF-8 becomes U+FFFD and the rest stays") {
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(clean_text("plain") == "plain");
  CHECK(clean_text("grüße 漢字 🎈") == "grüße 漢字 🎈");
  CHECK(clean_text("a\xff"
                   "b") == "a" + mark + "b");
  CHECK(clean_text("\xc0\xaf") == mark + mark);                        // overlong
  CHECK(clean_text("\xed\xa0\x80") == mark + mark + mark);             // surrogate
  CHECK(clean_text("\xf4\x90\x80\x80") == mark + mark + mark + mark);  // above U+10FFFF
  CHECK(clean_text("\xe2\x82") == mark + mark);                        // cut off
  CHECK(clean_text(std::string_view("a\0b", 3)) == "a" + mark + "b");
}

TEST_CASE("encode: long texts are cut between characters and say how long they were") {
  CHECK(clean_text("abcdef", 6) == "abcdef");
  CHECK(clean_text("abcdefg", 6) == "abcdef… (7 bytes)");
  CHECK(clean_text("abcde\xC3\xBCx", 6) == "abcde… (8 bytes)");
  const json seen = json::parse(json_of({{"big", {std::string(1'000'000, 'x')}}}));
  CHECK(seen["big"].get<std::string>().size() < max_text_bytes + 40);
}

TEST_CASE("encode: many attributes and deep nesting are bounded") {
  attributes many;
  for (int i = 0; i < 5000; ++i) many.push_back({"k" + std::to_string(i), {std::int64_t{i}}});
  const json seen = json::parse(json_of(many));
  CHECK(seen.size() == max_list_entries + 1);
  CHECK(seen["…"] == "4488 more");

  value deep{std::int64_t{1}};
  for (int i = 0; i < 1000; ++i) deep = value{array{deep}};
  CHECK(json_of({{"deep", deep}}).size() < 100);
}

TEST_CASE("encode: detail holds status, state, attributes, events and links") {
  span item = sample(1, 1, 0, "x");
  item.status_message = "<b>broken</b>";
  item.trace_state = "ot=th:8";
  item.events.push_back({"retry", 5, {{"attempt", {std::int64_t{2}}}}});
  item.links.push_back({trace_number(2), span_number(3), {{"sidespan.link.type", {std::string("candidate_parent")}}}});
  const json seen = json::parse(detail_of(item));
  CHECK(seen["status_message"] == "<b>broken</b>");
  CHECK(seen["trace_state"] == "ot=th:8");
  CHECK(seen["events"] == json::parse(R"([{"name":"retry","time_unix_nano":"5","attributes":{"attempt":2}}])"));
  CHECK(seen["links"][0]["trace_id"] == to_hex(trace_number(2)));
  CHECK(seen["links"][0]["attributes"]["sidespan.link.type"] == "candidate_parent");
}

}  // namespace sidespan::viewer::test

// SPDX-License-Identifier: Apache-2.0
#include "route/table.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <utility>

using namespace sidespan;

namespace {

struct pattern {
  std::string method, host, prefix, path_template;
};

/// `cluster` numbers the rules in their order.
route::table table_of(const std::vector<pattern>& list) {
  std::vector<route::rule_settings> rules;
  for (const pattern& p : list) {
    route::rule_settings rule;
    rule.method = p.method;
    rule.host = p.host;
    rule.path_prefix = p.prefix;
    rule.path_template = p.path_template;
    rule.cluster = rules.size();
    rules.push_back(rule);
  }
  return route::table(std::move(rules));
}

int matched(const route::table& table, std::string_view method, std::string_view host, std::string_view path) {
  const auto* rule = table.match(method, host, path);
  return rule == nullptr ? -1 : static_cast<int>(rule->cluster);
}

}  // namespace

TEST_CASE("route: an empty table matches nothing, an empty rule everything") {
  CHECK(matched(table_of({}), "GET", "shop", "/") == -1);
  const auto all = table_of({{}});
  CHECK(matched(all, "GET", "shop", "/") == 0);
  CHECK(matched(all, "get", "", "/a/b") == 0);
  CHECK(matched(all, "OPTIONS", "shop", "*") == 0);
  CHECK(matched(all, "CONNECT", "shop", "") == 0);
}

TEST_CASE("route: a prefix ends at a segment border") {
  struct vector {
    const char* prefix;
    const char* path;
    bool expected;
  };
  const auto row = GENERATE(values<vector>({
      {"/api", "/api", true},
      {"/api", "/api/", true},
      {"/api", "/api/x", true},
      {"/api", "/apix", false},
      {"/api", "/ap", false},
      {"/api", "/API", false},
      {"/api", "/x/api", false},
      {"/api", "/api%2Fx", false},
      {"/api/", "/api/x", true},
      {"/api/", "/api/", true},
      {"/api/", "/api", false},
      {"/", "/", true},
      {"/", "/a", true},
      {"/", "*", false},
      {"/", "", false},
  }));
  CAPTURE(row.prefix, row.path);
  CHECK(matched(table_of({{"", "", row.prefix, ""}}), "GET", "shop", row.path) == (row.expected ? 0 : -1));
}

TEST_CASE("route: host in any case, method exactly") {
  const auto table = table_of({{"GET", "shop.example", "", ""}});
  CHECK(matched(table, "GET", "shop.example", "/") == 0);
  CHECK(matched(table, "GET", "SHOP.Example", "/") == 0);
  CHECK(matched(table, "GET", "shop.example.org", "/") == -1);
  CHECK(matched(table, "GET", "", "/") == -1);
  CHECK(matched(table, "get", "shop.example", "/") == -1);
  CHECK(matched(table, "POST", "shop.example", "/") == -1);
}

TEST_CASE("route: a wildcard host takes every name below it, and only those") {
  const auto table = table_of({{"", "*.example.com", "", ""}});
  CHECK(matched(table, "GET", "a.example.com", "/") == 0);
  CHECK(matched(table, "GET", "a.b.example.com", "/") == 0);
  CHECK(matched(table, "GET", "A.Example.COM", "/") == 0);
  CHECK(matched(table, "GET", "example.com", "/") == -1);
  CHECK(matched(table, "GET", ".example.com", "/") == -1);
  CHECK(matched(table, "GET", "aexample.com", "/") == -1);
  CHECK(matched(table, "GET", "a.example.com.org", "/") == -1);
  CHECK(matched(table, "GET", "", "/") == -1);
}

TEST_CASE("route: rules that no request can reach are found") {
  struct vector {
    const char* why;
    pattern taker, other;
    bool unreachable;  // the other one
  };
  const auto row = GENERATE(values<vector>({
      {"the same twice", {"GET", "shop", "/a", ""}, {"GET", "shop", "/a", ""}, true},
      {"everything twice", {}, {}, true},
      {"same template, other names", {"", "", "", "/a/{x}"}, {"", "", "", "/a/{y}"}, true},
      {"same place for prefix and rest", {"", "", "/a/", ""}, {"", "", "", "/a/{rest*}"}, true},
      {"rest before prefix", {"", "", "", "/a/{rest*}"}, {"", "", "/a/", ""}, true},
      {"rest takes a longer beginning", {"", "", "", "/a/{rest*}"}, {"", "", "/a", ""}, false},
      {"wildcard twice", {"", "*.shop", "", ""}, {"", "*.shop", "", ""}, true},
      {"other method", {"GET", "", "/a", ""}, {"POST", "", "/a", ""}, false},
      {"method takes part only", {"GET", "", "/a", ""}, {"", "", "/a", ""}, false},
      {"other host", {"", "shop", "", ""}, {"", "cart", "", ""}, false},
      {"host takes part only", {"", "shop", "", ""}, {}, false},
      {"wildcard takes part only", {"", "*.shop", "", ""}, {}, false},
      {"template takes part only", {"", "", "", "/a/{x}"}, {"", "", "/a", ""}, false},
      {"longer template", {"", "", "", "/a/{x}/{y}"}, {"", "", "", "/a/{rest*}"}, false},
      {"literal takes part only", {"", "", "", "/a/b"}, {"", "", "", "/a/{x}"}, false},
      {"a prefix behind a template of its kind", {"", "", "", "/a"}, {"", "", "/a", ""}, false},
  }));
  CAPTURE(row.why);
  const auto found = table_of({row.taker, row.other}).find_unreachable();
  REQUIRE(found.size() == (row.unreachable ? 1u : 0u));
  if (row.unreachable) CHECK((found[0].rule == 1 && found[0].by == 0));
}

TEST_CASE("route: what is called unreachable is never matched") {
  const std::string hosts[] = {"", "shop", "*.shop", "*.eu.shop"};
  const std::string methods[] = {"", "GET"};
  const pattern paths[] = {{"", "", "", ""},          {"", "", "/", ""},      {"", "", "/a", ""},
                           {"", "", "/a/", ""},       {"", "", "/a/b", ""},   {"", "", "", "/a"},
                           {"", "", "", "/a/{x}"},    {"", "", "", "/{x}/b"}, {"", "", "", "/a/{r*}"},
                           {"", "", "", "/{x}/{r*}"}, {"", "", "", "/{r*}"},  {"", "", "", "/a/b"}};
  std::mt19937 random(11);
  std::size_t called = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<pattern> list;
    for (int k = 0; k < 6; ++k) {
      pattern one = paths[random() % 12];
      one.host = hosts[random() % 4];
      one.method = methods[random() % 2];
      list.push_back(one);
    }
    const auto table = table_of(list);
    const auto found = table.find_unreachable();
    called += found.size();
    for (const char* host : {"", "shop", "x.shop", "x.eu.shop", "cart"}) {
      for (const char* path : {"/", "/a", "/a/", "/a/b", "/a/b/", "/a/c", "/b", "/b/b", "/b/c/d", "*"}) {
        for (const char* method : {"GET", "POST"}) {
          const int rule = matched(table, method, host, path);
          for (const auto& each : found) CHECK(rule != static_cast<int>(each.rule));
        }
      }
    }
  }
  CHECK(called > 50);
}

TEST_CASE("route: the most specific rule wins, whatever the order of the configuration") {
  struct vector {
    const char* why;
    pattern winner, loser;
    const char* path;
  };
  const auto row = GENERATE(values<vector>({
      {"host before path", {"", "shop", "", ""}, {"", "", "", "/a/b"}, "/a/b"},
      {"wildcard host before path", {"", "*.eu.shop", "", ""}, {"", "", "", "/a/b"}, "/a/b"},
      {"exact host before wildcard", {"", "x.eu.shop", "", ""}, {"", "*.eu.shop", "", "/a/b"}, "/a/b"},
      {"longer wildcard", {"", "*.eu.shop", "", ""}, {"", "*.shop", "", "/a/b"}, "/a/b"},
      {"literal template before a brace", {"", "", "", "/carts/new"}, {"", "", "", "/carts/{id}"}, "/carts/new"},
      {"more literals", {"", "", "", "/{a}/b/c"}, {"", "", "", "/a/{b}/{c}"}, "/a/b/c"},
      {"longer prefix", {"", "", "/api/v1", ""}, {"", "", "/api", ""}, "/api/v1/x"},
      {"longer prefix by its slash", {"", "", "/api/", ""}, {"", "", "/api", ""}, "/api/x"},
      {"prefix before none", {"", "", "/", ""}, {"", "", "", ""}, "/x"},
      {"template before its prefix", {"", "", "", "/api/{id}"}, {"", "", "/api", ""}, "/api/1"},
      {"template before /", {"", "", "", "/{id}"}, {"", "", "/", ""}, "/1"},
      {"prefix with literals before a catch-all", {"", "", "/api", ""}, {"", "", "", "/{rest*}"}, "/api/x"},
      {"more literals in a prefix", {"", "", "/carts/new", ""}, {"", "", "", "/carts/{id}"}, "/carts/new"},
      {"fixed length before rest", {"", "", "", "/a/{b}"}, {"", "", "", "/a/{rest*}"}, "/a/x"},
      {"more braces before rest", {"", "", "", "/a/{b}/{rest*}"}, {"", "", "", "/a/{rest*}"}, "/a/x/y"},
      {"catch-all before none", {"", "", "", "/{rest*}"}, {"", "", "", ""}, "/x"},
      {"literal earlier in the path", {"", "", "", "/a/{x}"}, {"", "", "", "/{x}/a"}, "/a/a"},
      {"path before method", {"", "", "/api", ""}, {"GET", "", "", ""}, "/api"},
      {"host before method", {"", "shop", "", ""}, {"GET", "", "", ""}, "/"},
      {"method before any, same path", {"GET", "", "", "/a/{b}"}, {"", "", "", "/a/{b}"}, "/a/1"},
      {"method before any, same prefix", {"GET", "", "/a", ""}, {"", "", "/a", ""}, "/a/1"},
  }));
  CAPTURE(row.why);
  const std::string host = row.winner.host.find('.') == std::string::npos ? "shop" : "x.eu.shop";
  CHECK(matched(table_of({row.winner, row.loser}), "GET", host, row.path) == 0);
  CHECK(matched(table_of({row.loser, row.winner}), "GET", host, row.path) == 1);
}

TEST_CASE("route: the order of the configuration decides between equals") {
  CHECK(matched(table_of({{"", "", "", "/a/{x}"}, {"", "", "", "/a/{y}"}}), "GET", "", "/a/1") == 0);
  CHECK(matched(table_of({{}, {}}), "GET", "", "/") == 0);
  CHECK(matched(table_of({{"", "", "/a/", ""}, {"", "", "", "/a/{rest*}"}}), "GET", "", "/a/b") == 0);
}

TEST_CASE("route: the next rule is tried when the most specific one has another method or host") {
  const auto table = table_of({{"POST", "", "", "/a/{b}"}, {"", "other", "/a", ""}, {"", "", "/a", ""}, {}});
  CHECK(matched(table, "POST", "shop", "/a/1") == 0);
  CHECK(matched(table, "GET", "shop", "/a/1") == 2);
  CHECK(matched(table, "GET", "other", "/a/1") == 1);
  CHECK(matched(table, "GET", "shop", "/b") == 3);
}

TEST_CASE("route: rules keep the order of the configuration, and a copy matches into itself") {
  const auto table = table_of({{}, {"", "shop", "", ""}, {"", "", "/a", ""}});
  for (std::size_t i = 0; i < table.rules().size(); ++i) CHECK(table.rules()[i].cluster == i);
  const route::table copy = table;
  const auto* rule = copy.match("GET", "shop", "/a");
  CHECK(rule == &copy.rules()[1]);
}

TEST_CASE("route: the name is the configured one, else the template, else none") {
  route::rule_settings rule;
  rule.path_prefix = "/carts";
  CHECK(rule.route().empty());
  rule.path_template = "/carts/{id}";
  CHECK(rule.route() == "/carts/{id}");
  rule.name = "/carts/:id";
  CHECK(rule.route() == "/carts/:id");
}

TEST_CASE("route: shuffling distinct rules does not change the answer") {
  const std::vector<pattern> patterns{{"", "", "", ""},          {"", "", "/a", ""},         {"GET", "", "/a", ""},
                                      {"", "", "/a/b", ""},      {"", "", "", "/a/{x}"},     {"", "", "", "/{rest*}"},
                                      {"", "shop", "/", ""},     {"", "shop", "", "/a/{x}"}, {"POST", "shop", "/a", ""},
                                      {"", "", "", "/a/b/{y*}"}, {"", "", "", "/{x}/{y}/c"}};
  std::vector<std::size_t> order(patterns.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto original = table_of(patterns);
  std::mt19937 random(7);
  const std::string methods[] = {"GET", "POST"};
  const std::string hosts[] = {"shop", "other"};
  const std::string paths[] = {"/", "/a", "/a/b", "/a/b/c", "/a/c", "/b/b/c", "*"};
  for (int i = 0; i < 500; ++i) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<pattern> shuffled;
    for (const std::size_t index : order) shuffled.push_back(patterns[index]);
    const auto table = table_of(shuffled);
    const auto &method = methods[random() % 2], &host = hosts[random() % 2], &path = paths[random() % 7];
    CAPTURE(method, host, path);
    REQUIRE(static_cast<int>(order[static_cast<std::size_t>(matched(table, method, host, path))]) ==
            matched(original, method, host, path));
  }
}

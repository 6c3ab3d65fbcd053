// SPDX-License-Identifier: Apache-2.0
#include "route/inferred.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace sidespan;

TEST_CASE("inferred: values are told from words") {
  struct vector {
    const char* segment;
    bool value;
  };
  const auto row = GENERATE(values<vector>({
      // words
      {"", false},
      {"carts", false},
      {"add-item", false},
      {"favicon.ico", false},
      {"getCustomerOrderHistory", false},
      {"getUserById", false},
      {"HelloWorldFooBarBaz", false},
      {"openid-configuration", false},
      {".well-known", false},
      {"v1", false},
      {"v12", false},
      {"v1.1", false},
      {"v2beta1", false},
      {"oauth2", false},
      {"http2", false},
      {"mp3", false},
      {"s3", false},
      {"log4j", false},
      {"getV2Users", false},
      {"facade", false},
      {"deadbeef", false},
      {"facade-v2", false},
      {"part-12-3-of-the-big-book", false},
      {"abcdefghijklmnopqrstuvwxyzabcde", false},  // 31 bytes
      // numbers
      {"0", true},
      {"42", true},
      {"-7", true},
      {"3.14", true},
      {"2024-01-15", true},
      {"12:30", true},
      {"x509", true},
      {"order-1234", true},
      {"123:cancel", true},
      {"user42", true},
      // UUIDs and hashes
      {"3f2504e0-4f89-11d3-9a0c-0305e82c3301", true},
      {"3F2504E04F8911D39A0C0305E82C3301", true},
      {"d41d8cd9", true},
      {"a1b2c3", true},
      {"app.3f2a9c.js", true},
      {"e3b0c44298fc1c149afbf4c8996fb924", true},
      // long and random tokens
      {"dQw4w9WgXcQ", true},
      {"k3jx9ab0", true},
      {"QmFzZTY0VGV4dA", true},
      {"AbCdEfGhIjKlMnOp", true},
      {"abcdefghijklmnopqrstuvwxyzabcdef", true},  // 32 bytes
      // text of users
      {"caf%C3%A9", true},
      {"ann@example.com", true},
      {"a=b", true},
      {"a,b", true},
      {"x;jsessionid", true},
      {"{id}", true},
      {"caf\xc3\xa9", true},
  }));
  CAPTURE(row.segment);
  CHECK(route::looks_like_value(row.segment) == row.value);
}

TEST_CASE("inferred: templates") {
  struct vector {
    const char* path;
    const char* expected;
  };
  const auto row = GENERATE(values<vector>({
      {"/", "/"},
      {"/carts", "/carts"},
      {"/carts/", "/carts/"},
      {"/carts/42", "/carts/{id}"},
      {"/carts/42/items/7", "/carts/{id}/items/{id}"},
      {"//carts//7", "//carts//{id}"},
      {"/1/2/3/4/5/6/7/8/9/10", "/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}"},
      {"/a/b/c/d/e/f/g/h/i/j/k", "/a/b/c/d/e/f/g/h/i/j/*"},
      {"/a/b/c/d/e/f/g/h/i/j/", "/a/b/c/d/e/f/g/h/i/j/*"},
      {"*", ""},
      {"", ""},
  }));
  CAPTURE(row.path);
  route::inferred_routes routes(8);
  CHECK(routes.of(row.path) == row.expected);
}

TEST_CASE("inferred: the longest template fits") {
  std::string path;
  for (int i = 0; i < 12; ++i) path += "/" + std::string(31, static_cast<char>('a' + i));
  route::inferred_routes routes(1);
  CHECK(routes.of(path) == path.substr(0, 10 * 32) + "/*");
}

TEST_CASE("inferred: a template is one text, whatever path it was learned from") {
  route::inferred_routes routes(4);
  const std::string_view first = routes.of("/carts/1");
  CHECK(routes.of("/carts/2").data() == first.data());
}

TEST_CASE("inferred: beyond the bound everything new is /*, what is known stays") {
  route::inferred_routes routes(2);
  CHECK(routes.of("/a") == "/a");
  CHECK(routes.of("/a/1") == "/a/{id}");
  CHECK(routes.of("/b") == "/*");
  CHECK(routes.of("/c") == "/*");
  CHECK(routes.of("/a") == "/a");
  CHECK(routes.of("/a/2") == "/a/{id}");
}

TEST_CASE("inferred: shards learn together, each template once and never more than the bound") {
  route::inferred_routes routes(64);
  std::vector<std::set<const char*>> seen(4);
  std::vector<std::thread> shards;
  for (auto& mine : seen) {
    shards.emplace_back([&routes, &mine] {
      for (int round = 0; round < 20; ++round) {
        for (char a = 'a'; a <= 'z'; ++a) {
          for (char b = 'a'; b <= 'e'; ++b) mine.insert(routes.of(std::string("/") + a + "/" + b).data());
        }
      }
    });
  }
  for (std::thread& each : shards) each.join();
  std::set<const char*> all;
  for (const auto& mine : seen) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == 65);  // and `/*`
}

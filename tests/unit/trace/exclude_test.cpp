// SPDX-License-Identifier: Apache-2.0
#include "trace/exclude.hpp"

#include <catch2/catch.hpp>

using namespace sidespan;

TEST_CASE("exclude: paths and user agents") {
  const trace::exclusion exclude({"/healthz", "/internal/*", "/odd*", "kube-probe/*", "curl/8.0", ""});
  struct vector {
    const char* path;
    const char* agent;
    bool expected;
  };
  const auto row = GENERATE(values<vector>({
      {"/healthz", "", true},
      {"/healthz/", "", false},
      {"/healthz2", "", false},
      {"/health", "", false},
      {"/Healthz", "", false},
      {"/internal/", "", true},
      {"/internal/a/b", "", true},
      {"/internal", "", false},
      {"/internals/a", "", false},
      {"/a/internal/b", "", false},
      {"/odd*", "", true},
      {"/oddity", "", false},
      {"/", "kube-probe/1.29", true},
      {"/", "kube-probe/", true},
      {"/", "kube-probe", false},
      {"/", "a kube-probe/1", false},
      {"/", "curl/8.0", true},
      {"/", "curl/8.0.1", false},
      {"/", "/healthz", false},
      {"kube-probe/1", "", false},
      {"/", "", false},
      {"", "", false},
  }));
  CAPTURE(row.path, row.agent);
  CHECK(exclude.matches(row.path, row.agent) == row.expected);
}

TEST_CASE("exclude: everything and nothing") {
  CHECK_FALSE(trace::exclusion({}).matches("/a", "b"));
  CHECK(trace::exclusion({"/*"}).matches("/", ""));
  CHECK(trace::exclusion({"/*"}).matches("/a/b", ""));
  CHECK_FALSE(trace::exclusion({"/*"}).matches("*", "x"));
  CHECK(trace::exclusion({"*"}).matches("/a", ""));
  CHECK(trace::exclusion({"/"}).matches("/", ""));
  CHECK_FALSE(trace::exclusion({"/"}).matches("/a", ""));
}

// SPDX-License-Identifier: Apache-2.0
#include "app/return_memory.hpp"

#include <catch2/catch.hpp>

namespace sidespan::app {
namespace {

constexpr std::uint64_t worth = return_rule::worth;
constexpr std::uint64_t little = return_rule::little;

/// How many looks at the same figure it takes, 10 at most.
int looks(return_rule& rule, released now) {
  for (int i = 1; i <= 10; ++i) {
    if (rule.due(now)) return i;
  }
  return 0;
}

TEST_CASE("return memory: once, some quiet looks after a burst") {
  return_rule rule;
  CHECK_FALSE(rule.due({worth}));
  CHECK(looks(rule, {worth}) == return_rule::quiet_looks);
  CHECK(looks(rule, {worth}) == 0);
}

TEST_CASE("return memory: not for less than is worth it, until it has added up") {
  return_rule rule;
  CHECK(looks(rule, {worth - 1}) == 0);
  CHECK(looks(rule, {worth}) == 1);
  CHECK(looks(rule, {2 * worth - 1}) == 0);
  CHECK(rule.due({2 * worth}));
}

TEST_CASE("return memory: never while a burst goes on, and after its last look only") {
  return_rule rule;
  std::uint64_t freed = 0;
  for (int i = 0; i < 100; ++i) CHECK_FALSE(rule.due({freed += little}));
  CHECK(looks(rule, {freed}) == return_rule::quiet_looks);
}

TEST_CASE("return memory: a trickle does not keep it from happening") {
  return_rule rule;
  CHECK_FALSE(rule.due({10 * worth}));
  CHECK_FALSE(rule.due({10 * worth + little - 1}));
  CHECK_FALSE(rule.due({10 * worth + 2 * little - 2}));
  CHECK(rule.due({10 * worth + 3 * little - 3}));
}

constexpr std::uint64_t many = return_rule::worth / return_rule::connection_bytes;

released open(std::uint64_t connections) {
  released out;
  out.connections = connections;
  return out;
}

TEST_CASE("return memory: once when many connections have closed, and they may come again") {
  return_rule rule;
  CHECK(looks(rule, open(many)) == 0);
  CHECK(looks(rule, open(1)) == 0);  // one too few
  CHECK(looks(rule, open(0)) == 1);
  CHECK(looks(rule, open(0)) == 0);
  CHECK(looks(rule, open(many)) == 0);
  CHECK(looks(rule, open(0)) == return_rule::quiet_looks + 1);  // the first saw them go
}

TEST_CASE("return memory: not while many connections come and go") {
  return_rule rule;
  for (int i = 0; i < 100; ++i) CHECK_FALSE(rule.due(open(i % 2 == 0 ? many : many / 2)));
  CHECK(looks(rule, open(many)) == 0);
}

TEST_CASE("return memory: however many callers come one after the other, nothing is returned") {
  return_rule rule;
  for (std::uint64_t i = 0; i < 1000; ++i) CHECK_FALSE(rule.due(open(many / 2 + i % 50)));
}

TEST_CASE("return memory: blocks and connections add up") {
  return_rule rule;
  CHECK(looks(rule, {0, many / 2}) == 0);
  CHECK(looks(rule, {worth / 2 - 1, 0}) == 0);
  CHECK(rule.due({worth / 2, 0}));
}

}  // namespace
}  // namespace sidespan::app

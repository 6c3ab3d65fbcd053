// SPDX-License-Identifier: Apache-2.0
#include "forward/limit.hpp"

#include <catch2/catch.hpp>
#include <set>

namespace sidespan::forward::test {

using base::fault;
using base::fault_code;
using base::side;
using base::stage;

TEST_CASE("limit: every one has a name of its own") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(limit::local_ports); ++i) names.insert(name(static_cast<limit>(i)));
  CHECK(names.size() == static_cast<std::size_t>(limit::local_ports) + 1);
  CHECK(names.count("other") == 0);
}

TEST_CASE("limit: which one is behind a fault") {
  struct row {
    fault_code code;
    side at;
    stage when;
    const char* expected;  // null: none
  };
  static constexpr row table[] = {
      {fault_code::request_header_section_size, side::downstream, stage::parse, "header"},
      {fault_code::request_uri_too_long, side::downstream, stage::parse, "target"},
      {fault_code::request_body_size, side::downstream, stage::route, "body"},
      {fault_code::request_timeout, side::downstream, stage::parse, "slow_head"},
      {fault_code::request_timeout, side::downstream, stage::read_body, "slow_body"},
      {fault_code::connection_write_timeout, side::downstream, stage::send_body, "slow_reader"},
      {fault_code::connection_write_timeout, side::upstream, stage::send_body, nullptr},
      {fault_code::http_response_header_section_size, side::upstream, stage::read_head, "response_header"},
      {fault_code::connection_limit_reached, side::internal, stage::route, "requests"},
      {fault_code::connection_limit_reached, side::internal, stage::parse, "memory"},
      {fault_code::connection_limit_reached, side::internal, stage::read_head, "memory"},
      {fault_code::connection_limit_reached, side::internal, stage::connect, "descriptors"},
      {fault_code::connection_limit_reached, side::internal, stage::resolve, "descriptors"},
      {fault_code::local_ports_used_up, side::internal, stage::connect, "local_ports"},
      {fault_code::http_request_error, side::downstream, stage::parse, nullptr},
      {fault_code::connection_refused, side::upstream, stage::connect, nullptr},
  };
  for (const row& each : table) {
    CAPTURE(base::token(each.code), base::name(each.when));
    const auto found = limit_behind(fault(each.code, each.at, each.when));
    REQUIRE(found.has_value() == (each.expected != nullptr));
    if (found) CHECK(name(*found) == each.expected);
  }
}

TEST_CASE("limit: a claim counts while it lives, those over the limit too, so that their end is counted as well") {
  std::atomic<std::size_t> count{0};
  {
    claim first, second, third;
    CHECK(first.take(count, 2));
    CHECK(second.take(count, 2));
    CHECK_FALSE(third.take(count, 2));
    CHECK(count == 3);
  }
  CHECK(count == 0);
  claim free;
  CHECK(free.take(count, 0));
  CHECK(count == 0);
}

}  // namespace sidespan::forward::test

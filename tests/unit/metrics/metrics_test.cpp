// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <thread>

#include "metrics/cell.hpp"
#include "metrics/exposition.hpp"
#include "metrics/family.hpp"
#include "metrics/registry.hpp"
#include "metrics/text_writer.hpp"

namespace sidespan::metrics {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST_CASE("counter and gauge: add up") {
  counter c;
  c.add();
  c.add(41);
  CHECK(c.value() == 42);
  gauge g;
  g.add(3);
  g.add(-5);
  CHECK(g.value() == -2);
}

TEST_CASE("histogram: a duration falls into the first bucket whose bound it does not exceed") {
  struct row {
    nanoseconds duration;
    std::size_t bucket;
  };
  const row rows[] = {
      {nanoseconds(-1), 0},     {nanoseconds(0), 0},       {milliseconds(5), 0},      {nanoseconds(5'000'001), 1},
      {milliseconds(10), 1},    {milliseconds(11), 2},     {milliseconds(25), 2},     {milliseconds(50), 3},
      {milliseconds(75), 4},    {milliseconds(100), 5},    {milliseconds(250), 6},    {milliseconds(500), 7},
      {milliseconds(750), 8},   {milliseconds(1000), 9},   {milliseconds(2500), 10},  {milliseconds(5000), 11},
      {milliseconds(7500), 12}, {milliseconds(10000), 13}, {milliseconds(10001), 14}, {std::chrono::hours(24), 14}};
  for (const row& row : rows) {
    histogram h;
    h.record(row.duration);
    INFO(row.duration.count() << " ns");
    CHECK(h.value().count() == 1);
    CHECK(h.value().buckets[row.bucket] == 1);
    CHECK(h.value().sum_ns == static_cast<std::uint64_t>(std::max<std::int64_t>(0, row.duration.count())));
  }
}

using small_family = family<counter, 2>;

std::map<std::pair<std::string, std::string>, std::uint64_t> all_of(const small_family& f) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> all;
  f.visit([&](const auto& labels, std::uint64_t value) {
    all[{std::string(labels[0]), std::string(labels[1])}] = value;
  });
  return all;
}

TEST_CASE("family: one series per label set") {
  small_family f(10);
  f.at({"a", "b"}).add();
  f.at({"ab", ""}).add(2);
  f.at({"", "ab"}).add(3);
  f.at({"a", "b"}).add(10);
  CHECK(all_of(f) == decltype(all_of(f)){{{"a", "b"}, 11}, {{"ab", ""}, 2}, {{"", "ab"}, 3}});
  CHECK(&f.at({"a", "b"}) == &f.at({std::string("a"), std::string("b")}));
}

TEST_CASE("family: label sets past the limit are counted as other, the known ones by themselves") {
  const std::size_t limit = GENERATE(0U, 1U, 5U, 100U);
  small_family f(limit);
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < limit + 7; ++i) f.at({std::to_string(i), "x"}).add();
  }
  const auto all = all_of(f);
  CHECK(all.size() == limit + 1);
  CHECK(all.at({"other", "other"}) == 14);
  for (std::size_t i = 0; i < limit; ++i) CHECK(all.at({std::to_string(i), "x"}) == 2);
}

TEST_CASE("family: a series that is called other already takes the overflow, too") {
  small_family f(2);
  f.at({"other", "other"}).add();
  f.at({"a", "a"}).add();
  f.at({"b", "b"}).add();
  CHECK(all_of(f) == decltype(all_of(f)){{{"other", "other"}, 2}, {{"a", "a"}, 1}});
}

TEST_CASE("family: label values are bounded in length") {
  small_family f(10);
  f.at({std::string(longest_label, 'l'), "x"}).add();
  f.at({std::string(longest_label + 1, 'l'), "x"}).add();
  f.at({std::string(longest_label + 2, 'm'), "x"}).add();
  CHECK(all_of(f) == decltype(all_of(f)){{{std::string(longest_label, 'l'), "x"}, 1}, {{"other", "x"}, 2}});
}

TEST_CASE("family: many series are all found again") {
  small_family f(1000);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 1000; ++i) f.at({std::to_string(i), std::to_string(i * 7)}).add();
  }
  const auto all = all_of(f);
  CHECK(all.size() == 1000);
  for (const auto& [labels, value] : all) CHECK(value == 3);
}

TEST_CASE("number: shortest text that reads back, and the three that are no numbers") {
  for (const double value : {0.0, 0.1, 1e-9, 1.5, 123456789.0, 1e300, -2.25}) CHECK(std::stod(number(value)) == value);
  CHECK(number(0.005) == "0.005");
  CHECK(number(10) == "10");
  CHECK(number(std::numeric_limits<double>::infinity()) == "+Inf");
  CHECK(number(-std::numeric_limits<double>::infinity()) == "-Inf");
  CHECK(number(std::nan("")) == "NaN");
}

TEST_CASE("metric names: letters, digits, underscore, colon, no digit first") {
  for (const char* good : {"a", "_", "process_cpu_seconds_total", "a:b", "A9"}) CHECK(valid_metric_name(good));
  for (const char* bad : {"", "9a", "a-b", "a b", "a.b", "\xc3\xa4", "a\n"}) CHECK_FALSE(valid_metric_name(bad));
}

TEST_CASE("text: what labels and help escape") {
  text_writer out;
  out.header("m", "a \\ and\na \"quote\"", "gauge");
  const label_view labels[] = {{"l", "a \\ and\na \"quote\""}, {"gone", ""}, {"utf8", "gr\xc3\xbc\xc3\x9f"}};
  out.line("m", labels, std::int64_t{-1});
  out.line("m", {}, 0.5);
  const label_view all_empty[] = {{"gone", ""}};
  out.line("m", all_empty, std::uint64_t{18446744073709551615U});
  CHECK(std::move(out).take() ==
        "# HELP m a \\\\ and\\na \"quote\"\n"
        "# TYPE m gauge\n"
        "m{l=\"a \\\\ and\\na \\\"quote\\\"\",utf8=\"gr\xc3\xbc\xc3\x9f\"} -1\n"
        "m 0.5\n"
        "m 18446744073709551615\n");
}

TEST_CASE("text: bytes that are not UTF-8 become question marks") {
  struct row {
    const char* in;
    const char* out;
  };
  const row rows[] = {{"\xff", "?"},
                      {"a\x80z", "a?z"},
                      {"\xc3", "?"},
                      {"\xc3(", "?("},
                      {"\xc0\xaf", "??"},            // overlong
                      {"\xe0\x80\xaf", "???"},       // overlong
                      {"\xed\xa0\x80", "???"},       // surrogate
                      {"\xf4\x90\x80\x80", "????"},  // past U+10FFFF
                      {"\xf0\x80\x80\x80", "????"},  // overlong
                      {"\xe2\x82", "??"},            // cut off
                      {"\xe2\x82\xac", "\xe2\x82\xac"},
                      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"}};
  for (const row& row : rows) {
    text_writer out;
    const label_view labels[] = {{"l", row.in}};
    out.line("m", labels, std::int64_t{1});
    CHECK(std::move(out).take() == "m{l=\"" + std::string(row.out) + "\"} 1\n");
  }
}

TEST_CASE("registry: one shard records while another thread reads") {
  registry shard(50);
  std::atomic<bool> done{false};
  std::uint64_t pages = 0;
  bool wrong = false;
  std::thread reader([&] {
    for (bool last = false; !last; ++pages) {
      last = done.load();
      const registry* const shards[] = {&shard};
      wrong = wrong || exposition(shards, {}).find("# TYPE http_server_request_duration_seconds histogram\n") ==
                           std::string::npos;
    }
  });
  for (int i = 0; i < 20000; ++i) {
    const std::string route = "/r" + std::to_string(i % 80);
    shard.server_request({"GET", 200, route, "", ""}, milliseconds(i % 20));
    shard.client_request({"GET", 503, route, "503", "stock:80"}, milliseconds(i % 20));
    shard.server_active(i % 2 == 0 ? 1 : -1);
    shard.connection_accepted(leg::inbound);
    shard.connections_open(side::upstream, 1);
    shard.link("exclusive", "asserted");
  }
  done = true;
  reader.join();
  CHECK(pages > 0);
  CHECK_FALSE(wrong);
  std::uint64_t sum = 0;
  shard.server_requests().visit([&](const auto&, const histogram::value_type& value) { sum += value.count(); });
  CHECK(sum == 20000);
  CHECK(shard.accepted(leg::inbound) == 20000);
  CHECK(shard.open(side::upstream) == 20000);
  CHECK(shard.active() == 0);
}

}  // namespace
}  // namespace sidespan::metrics

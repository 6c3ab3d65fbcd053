// SPDX-License-Identifier: Apache-2.0
#include "collect/backoff.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace sidespan::collect {
namespace {

using std::chrono::milliseconds;

class fixed_random final : public base::random_source {
 public:
  explicit fixed_random(std::uint64_t value) : value_(value) {}
  std::uint64_t next() override { return value_; }

 private:
  std::uint64_t value_;
};

std::vector<std::int64_t> waits(std::uint64_t random_value, milliseconds initial, milliseconds longest) {
  fixed_random random(random_value);
  backoff subject(initial, longest, random);
  std::vector<std::int64_t> out;
  for (int i = 0; i < 6; ++i) out.push_back(subject.next().count());
  return out;
}

using list = std::vector<std::int64_t>;

TEST_CASE("backoff: doubles up to the longest wait (OT-21)") {
  CHECK(waits(0, milliseconds(500), milliseconds(3000)) == list{500, 1000, 2000, 3000, 3000, 3000});
}

TEST_CASE("backoff: jitter takes off at most half") {
  CHECK(waits(250, milliseconds(500), milliseconds(500)) == list{250, 250, 250, 250, 250, 250});  // 250 of 0..250
  CHECK(waits(251, milliseconds(500), milliseconds(500)) == list{500, 500, 500, 500, 500, 500});  // wraps round
  CHECK(waits(100, milliseconds(500), milliseconds(2000)) == list{400, 900, 1900, 1900, 1900, 1900});
}

TEST_CASE("backoff: settings that make no sense still wait") {
  CHECK(waits(0, milliseconds(0), milliseconds(0)) == list{1, 1, 1, 1, 1, 1});
  CHECK(waits(0, milliseconds(500), milliseconds(100)) == list{100, 100, 100, 100, 100, 100});
}

}  // namespace
}  // namespace sidespan::collect

// SPDX-License-Identifier: Apache-2.0
#include "trace/sampler.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "base/text.hpp"
#include "support/fixed_random.hpp"
#include "trace/begin.hpp"

using namespace sidespan;
using root_kind = trace::sampler_settings::root_kind;

namespace {

trace::trace_id id_of(std::string_view hex) {
  trace::trace_id id;
  REQUIRE(base::parse_lower_hex(hex, id.bytes));
  return id;
}

trace::sampler ratio(double value, bool parent_based = true) {
  return trace::sampler({parent_based, root_kind::ratio, value});
}

trace::context parent_with(trace::flags flags, bool remote) {
  trace::context out;
  out.trace = id_of("0af7651916cd43dd8448eb211c80319c");
  out.span.bytes[0] = 1;
  out.flags = flags;
  out.state = "foo=1";
  out.remote = remote;
  return out;
}

/// An id whose right-most 56 bits are `digits` (14 hex digits).
trace::trace_id with_randomness(const std::string& digits) { return id_of("ffffffffffffffffff" + digits); }

}  // namespace

TEST_CASE("sampler: follows the parent, remote or local (SM-1)") {
  const bool remote = GENERATE(true, false);
  const auto root = GENERATE(root_kind::always_on, root_kind::always_off);
  const trace::sampler head({true, root, 1.0});
  const auto sampled = parent_with(trace::flags::sampled, remote);
  const auto not_sampled = parent_with(trace::flags::random, remote);
  CHECK(head.decide(&sampled, sampled.trace));
  CHECK_FALSE(head.decide(&not_sampled, not_sampled.trace));
}

TEST_CASE("sampler: without parent_based a remote flag is ignored, a local one is not (SM-2)") {
  const trace::sampler on({false, root_kind::always_on, 1.0});
  const trace::sampler off({false, root_kind::always_off, 1.0});
  const auto remote_off = parent_with(trace::flags::none, true);
  const auto remote_on = parent_with(trace::flags::sampled, true);
  const auto local_off = parent_with(trace::flags::none, false);
  const auto local_on = parent_with(trace::flags::sampled, false);
  CHECK(on.decide(&remote_off, remote_off.trace));
  CHECK_FALSE(off.decide(&remote_on, remote_on.trace));
  CHECK_FALSE(on.decide(&local_off, local_off.trace));
  CHECK(off.decide(&local_on, local_on.trace));
}

TEST_CASE("sampler: roots by the root rule") {
  const auto id = with_randomness("00000000000000");
  const auto largest = with_randomness("ffffffffffffff");
  CHECK(trace::sampler({true, root_kind::always_on, 0.0}).decide(nullptr, id));
  CHECK_FALSE(trace::sampler({true, root_kind::always_off, 1.0}).decide(nullptr, largest));
  CHECK(ratio(1.0).decide(nullptr, id));
  CHECK_FALSE(ratio(0.0).decide(nullptr, largest));
}

TEST_CASE("sampler: threshold on the right-most 56 bits (SM-3, table of specs §6)") {
  struct vector {
    double p;
    std::string first_digits;  // of T, the exact ones of the table's `th`
  };
  const auto row = GENERATE(values<vector>({{0.5, "8"}, {0.25, "c"}, {0.125, "e"}, {1.0 / 16, "f"}}));
  const std::string threshold = row.first_digits + std::string(14 - row.first_digits.size(), '0');
  std::string below = row.first_digits;
  below.back() = below.back() == 'a' ? '9' : static_cast<char>(below.back() - 1);
  below += std::string(13, 'f');
  CAPTURE(row.p, threshold, below);
  CHECK(ratio(row.p).decide(nullptr, with_randomness(threshold)));
  CHECK_FALSE(ratio(row.p).decide(nullptr, with_randomness(below)));
}

TEST_CASE("sampler: rounded thresholds of the table") {
  struct vector {
    double p;
    const char* sampled;
    const char* not_sampled;
  };
  // One step of the last digit of `th` around the exact value.
  const auto row = GENERATE(values<vector>({{1.0 / 3, "aaab0000000000", "aaaa0000000000"},
                                            {0.2, "cccd0000000000", "cccc0000000000"},
                                            {0.1, "e6670000000000", "e6660000000000"},
                                            {0.01, "fd70b000000000", "fd709000000000"},
                                            {0.001, "ffbe7700000000", "ffbe7600000000"},
                                            {1e-6, "ffffef3a000000", "ffffef38000000"},
                                            {0.569, "6e6d1a75832a2f", "6a6d1a75832a2f"}}));
  CAPTURE(row.p);
  CHECK(ratio(row.p).decide(nullptr, with_randomness(row.sampled)));
  CHECK_FALSE(ratio(row.p).decide(nullptr, with_randomness(row.not_sampled)));
}

TEST_CASE("sampler: the smallest ratio takes the largest value only") {
  const double smallest = std::ldexp(1.0, -56);
  CHECK(ratio(smallest).decide(nullptr, with_randomness("ffffffffffffff")));
  CHECK_FALSE(ratio(smallest).decide(nullptr, with_randomness("fffffffffffffe")));
}

TEST_CASE("sampler: ratios outside 0..1 are the nearest one inside") {
  CHECK(ratio(7.0).decide(nullptr, with_randomness("00000000000000")));
  CHECK_FALSE(ratio(-1.0).decide(nullptr, with_randomness("ffffffffffffff")));
}

TEST_CASE("sampler: only the right-most 56 bits count, so padded 64-bit ids are sampled like others") {
  CHECK_FALSE(ratio(0.5).decide(nullptr, id_of("0000000000000000ff7fffffffffffff")));
  CHECK(ratio(0.5).decide(nullptr, id_of("00000000000000000080000000000000")));
}

TEST_CASE("sampler: monotone in the ratio, and takes about its share") {
  base::system_random random;
  int taken = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto id = trace::make_trace_id(random);
    const bool small = ratio(0.1).decide(nullptr, id);
    REQUIRE((!small || ratio(0.3).decide(nullptr, id)));
    taken += small ? 1 : 0;
  }
  CHECK(taken > 1700);  // 2000 ± 42; seven deviations
  CHECK(taken < 2300);
}

TEST_CASE("begin: a new trace has fresh ids and the random flag (TC-24, SM-4)") {
  support::fixed_random random({0x0af7651916cd43dd, 0x8448eb211c80319c, 0xb7ad6b7169203331});
  const auto self = trace::begin(nullptr, trace::sampler({}), random);
  CHECK(self.trace.hex() == "0af7651916cd43dd8448eb211c80319c");
  CHECK(self.span.hex() == "b7ad6b7169203331");
  CHECK(self.flags == (trace::flags::sampled | trace::flags::random));
  CHECK(self.state.empty());
  CHECK_FALSE(self.remote);
}

TEST_CASE("begin: a dropped trace still has ids, with flag 0 (SM-4)") {
  support::fixed_random random;
  const auto self = trace::begin(nullptr, trace::sampler({true, root_kind::always_off, 1.0}), random);
  CHECK(self.valid());
  CHECK(self.flags == trace::flags::random);
}

TEST_CASE("begin: continues a trace; the random flag is copied as it came (TC-21, TC-24, SM-10)") {
  using trace::flags;
  const auto flag = GENERATE(flags::none, flags::sampled, flags::random, flags::sampled | flags::random);
  const auto parent = parent_with(flag, true);
  support::fixed_random random;
  const auto self = trace::begin(&parent, trace::sampler({}), random);
  CHECK(self.trace == parent.trace);
  CHECK(self.span.valid());
  CHECK(self.span != parent.span);
  CHECK(self.flags == flag);
  CHECK(self.state == "foo=1");
  CHECK_FALSE(self.remote);
}

TEST_CASE("begin: a decision of our own changes the sampled flag only (TC-22)") {
  using trace::flags;
  const auto parent = parent_with(flags::sampled, true);
  support::fixed_random random;
  CHECK(trace::begin(&parent, trace::sampler({false, root_kind::always_off, 1.0}), random).flags == flags::none);
  const auto off = parent_with(flags::random, true);
  CHECK(trace::begin(&off, trace::sampler({false, root_kind::always_on, 1.0}), random).flags ==
        (flags::random | flags::sampled));
}

TEST_CASE("begin: every span has another id") {
  const auto parent = parent_with(trace::flags::sampled, true);
  base::system_random random;
  const trace::sampler head({});
  CHECK(trace::begin(&parent, head, random).span != trace::begin(&parent, head, random).span);
}

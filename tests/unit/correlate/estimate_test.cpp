// SPDX-License-Identifier: Apache-2.0
#include "correlate/estimate.hpp"

#include <chrono>

#include "fixture.hpp"

namespace sidespan::correlate {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("chance caused: the worked examples") {
  struct row {
    const char* what;
    tally none, state;
    double chance;
  };
  const row rows[] = {
      {"first call, 2 ms into the first request of a process", {0, 0}, {0, 0.002}, 0.998},
      {"the same, 100 ms into it", {0, 0}, {0, 0.1}, 0.9},
      {"the same, 2 ms, after 0.3 s of idleness", {0, 0.3}, {0, 0.002}, 1 - 0.002 / 1.3},
      {"the same, 5 ms, after 0.3 s of idleness", {0, 0.3}, {0, 0.005}, 1 - 0.005 / 1.3},
      {"the same, 100 ms, after 10 s of idleness", {0, 10}, {0, 0.1}, 1 - 0.1 / 11},
      {"called once at boot, 20 ms into the first request", {1, 0}, {0, 0.02}, 0.96},
      {"called once at boot, 20 ms, after 10 s of idleness", {1, 10}, {0, 0.02}, 1 - 0.02 * 2 / 11},
      {"heartbeat 5/s, first one in a 20 ms request", {500, 100}, {0, 0.02}, 1 - 501.0 / 101 * 0.02},
      {"heartbeat 5/s, known for long in both states", {499, 99}, {49, 10}, 0.0},
      {"heartbeat faster when idle than when busy", {999, 99}, {0, 10}, 0.0},
      {"one call per 10 ms request, never when idle", {0, 59}, {999, 10}, 1 - 1.0 / 60 * 0.01},
      {"100 ms requests back to back: too little is known", {0, 0.2}, {1000, 100}, 1 - 1.0 / 1.2 * 100 / 1001},
      {"no time has passed at all", {0, 0}, {0, 0}, 1.0},
  };
  for (const row& row : rows) {
    INFO(row.what);
    CHECK(chance_caused(row.none, row.state) == Approx(row.chance).margin(1e-12));
  }
}

/// Idle time as the estimate counts it: what came before the first call fades with the calls made in company.
double idle(double before_first, double since_first, double in_company) {
  return since_first + (before_first + 1) / (1 + in_company / 20) - 1;
}

/// Drives an estimate by times instead of a ledger.
struct driver {
  background_estimate estimate;
  ledger::occupancy times;
  base::steady_time now{0};

  explicit driver(std::size_t limit = background_estimate::endpoint_limit) : estimate(limit) {}
  void pass(company state, base::nanoseconds time) {
    (state == company::none ? times.none : state == company::one ? times.one : times.several) += time;
    now = now + time;
  }
  double call(std::string_view cluster, company with, base::nanoseconds request_age = milliseconds(1)) {
    const base::steady_time since = now + -request_age;
    times.changed = since;
    return estimate.observe({{cluster, "GET", "/"}, with, times, since, now});
  }
};

TEST_CASE("estimate: a call with nobody in flight is nobody's") {
  driver d;
  CHECK(d.call("stock", company::none) == 0.0);
}

TEST_CASE("estimate: the call itself is counted after it was judged") {
  driver d;
  d.pass(company::one, milliseconds(10));
  CHECK(d.call("stock", company::one) == Approx(1 - 0.01));
  CHECK(d.call("stock", company::one) == Approx(chance_caused({0, idle(0, 0, 1)}, {1, 0.01})));
  CHECK(d.call("stock", company::one) == Approx(chance_caused({0, idle(0, 0, 2)}, {2, 0.01})));
}

TEST_CASE("estimate: calls are counted in the state they were made in") {
  driver d;
  d.pass(company::none, seconds(1));
  d.pass(company::one, milliseconds(10));
  d.pass(company::several, milliseconds(20));
  d.call("stock", company::none);
  d.call("stock", company::none);  // 3 / 2 s, counting the imagined one
  CHECK(d.call("stock", company::one) == Approx(chance_caused({2, idle(1, 0, 0)}, {0, 0.01})).epsilon(1e-4));
  CHECK(d.call("stock", company::several) == Approx(chance_caused({2, idle(1, 0, 1)}, {0, 0.02})).epsilon(1e-4));
  CHECK(d.call("stock", company::several) == Approx(chance_caused({2, idle(1, 0, 2)}, {1, 0.02})).epsilon(1e-4));
}

TEST_CASE("estimate: time a request spent before it was alone counts, too") {
  driver d;
  d.pass(company::several, milliseconds(100));
  d.pass(company::one, milliseconds(2));
  d.times.changed = base::steady_time{100'000'000};
  const double chance = d.estimate.observe({{"stock", "GET", "/"}, company::one, d.times, base::steady_time{0}, d.now});
  CHECK(chance == Approx(1 - 0.102));
}

TEST_CASE("estimate: endpoints differ by cluster, method and route") {
  background_estimate estimate;
  const ledger::occupancy times{seconds(1), seconds(0), seconds(0), {}};
  for (const endpoint_key& key : {endpoint_key{"a", "GET", "/"},
                                  {"b", "GET", "/"},
                                  {"a", "PUT", "/"},
                                  {"a", "GET", "/b"},
                                  {"aG", "ET", "/"},
                                  {"a", "GET", "/"}}) {
    estimate.observe({key, company::none, times, {}, {}});
  }
  CHECK(estimate.endpoints() == 5);
}

TEST_CASE("estimate: one endpoint's heartbeat does not spoil another") {
  driver d;
  for (int i = 0; i < 50; ++i) {
    d.pass(company::none, milliseconds(200));
    d.call("telemetry", company::none);
  }
  d.pass(company::one, milliseconds(2));
  CHECK(d.call("stock", company::one) > 0.999);
  d.pass(company::one, milliseconds(20));
  CHECK(d.call("telemetry", company::one) < 0.9);
}

TEST_CASE("estimate: endpoints past the limit share one estimate, the known ones keep theirs") {
  driver d(2);
  d.pass(company::none, seconds(1));
  d.call("known", company::none);
  d.call("also known", company::none);
  for (int i = 0; i < 10; ++i) d.call("third", company::none);
  CHECK(d.estimate.endpoints() == 2);
  d.pass(company::one, milliseconds(10));
  CHECK(d.call("fourth", company::one) == Approx(1 - 11.0 / 2 * 0.01).epsilon(1e-3));
  CHECK(d.call("known", company::one) == Approx(1 - 2.0 / 2 * 0.01).epsilon(1e-3));
}

TEST_CASE("estimate: what is a half-life old counts half") {
  driver d;
  d.pass(company::one, seconds(1));
  for (int i = 0; i < 99; ++i) d.call("stock", company::one);
  d.pass(company::several, background_estimate::half_life);  // neither idle nor alone
  const double kept = 0.5;
  const double expected = chance_caused({0, idle(0, 0, 99 * kept)}, {99 * kept, 1 * kept});
  CHECK(d.call("stock", company::one) == Approx(expected).epsilon(1e-4));
}

TEST_CASE("estimate: an endpoint that stopped its heartbeat is trusted again after hours, not at once") {
  driver d;
  for (int i = 0; i < 600; ++i) {
    d.pass(company::none, seconds(1));
    d.call("stock", company::none);
  }
  d.pass(company::one, milliseconds(50));
  CHECK(d.call("stock", company::one) < 0.98);
  d.pass(company::none, minutes(1));
  CHECK(d.call("stock", company::one, milliseconds(50)) < 0.98);
  d.pass(company::none, hours(3));
  d.pass(company::one, milliseconds(50));
  CHECK(d.call("stock", company::one, milliseconds(50)) > 0.99);
}

TEST_CASE("estimate: long idleness is worth no more than the decay allows") {
  driver d;
  d.pass(company::none, hours(1000));
  d.pass(company::one, seconds(1));
  const double most = 600 / 0.693147;  // half-life / ln 2
  CHECK(d.call("stock", company::one, seconds(1)) == Approx(1 - 1 / (most + 1)).epsilon(1e-5));
}

TEST_CASE("estimate: silence before the first call counts for the first calls, silence after it for all") {
  driver early;
  early.call("stock", company::none);
  early.pass(company::none, seconds(60));
  driver late;
  late.pass(company::none, seconds(60));
  for (driver* d : {&early, &late}) {
    for (int i = 0; i < 300; ++i) {
      d->pass(company::one, milliseconds(100));
      const double chance = d->call("stock", company::one, milliseconds(100));
      if (i == 0) CHECK(chance > 0.98);
      if (i == 299) CHECK((chance > 0.98) == (d == &early));
    }
  }
}

TEST_CASE("estimate: times that went back add nothing") {
  driver d;
  d.pass(company::none, seconds(10));
  d.pass(company::one, milliseconds(10));
  d.call("stock", company::one);
  d.call("stock", company::one);
  d.times.none -= seconds(5);
  d.times.one -= milliseconds(5);
  CHECK(d.call("stock", company::one) == Approx(chance_caused({0, idle(10, 0, 2)}, {2, 0.01})).epsilon(1e-5));
}

}  // namespace
}  // namespace sidespan::correlate

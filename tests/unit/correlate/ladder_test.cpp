// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "fixture.hpp"

namespace sidespan::correlate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr endpoint_key stock{"stock", "GET", "/items/{id}"};

/// A process that has been idle for ten seconds.
struct process {
  explicit process(settings chosen = {}, std::size_t slots = 64) : inbound(slots, clock), asked(chosen, inbound) {
    clock.advance(seconds(10));
  }
  ledger::entry request(std::uint8_t trace, std::uint8_t span, std::string_view id = {}) {
    return inbound.publish(context(trace, span), clock.steady_now, id);
  }
  verdict call(const http::fields& request = {}, const trace::context* forwarded = nullptr) {
    return asked.decide(forwarded, request, stock, clock.steady_now);
  }
  /// Makes the endpoint of call() one that no request causes.
  void heartbeat() {
    for (int i = 0; i < 50; ++i) {
      clock.advance(milliseconds(200));
      call();
    }
  }

  fake_clock clock;
  ledger inbound;
  ladder asked;
};

TEST_CASE("ladder: names of the methods") {
  CHECK(name(method::traceparent) == "traceparent");
  CHECK(name(method::header) == "header");
  CHECK(name(method::exclusive) == "exclusive");
  CHECK(name(method::candidates) == "candidates");
  CHECK(name(method::none) == "none");
}

TEST_CASE("ladder: nobody in flight, nobody's child") {
  process p;
  const verdict answer = p.call();
  CHECK(answer.method == method::none);
  CHECK(answer.confidence == 1.0);
  CHECK_FALSE(answer.parent);
  CHECK_FALSE(answer.same_trace);
  CHECK(answer.candidates == 0);
  CHECK(answer.links.empty());
}

TEST_CASE("ladder rung 0: a forwarded context is believed over everything else") {
  process p;
  const auto a = p.request(1, 1, "id-a");
  p.clock.advance(milliseconds(2));
  const trace::context forwarded = context(9, 9);
  const verdict answer = p.call(fields({{"X-Request-Id", "id-a"}}), &forwarded);
  CHECK(answer.method == method::traceparent);
  CHECK(answer.confidence == 1.0);
  REQUIRE(answer.parent);
  CHECK(*answer.parent == forwarded);
  CHECK(answer.candidates == 1);
  CHECK(answer.links.empty());
}

TEST_CASE("ladder rung 0: a context without ids is no evidence") {
  process p;
  const trace::context empty;
  CHECK(p.call({}, &empty).method == method::none);
}

TEST_CASE("ladder rung 0: known calls stay out of the estimate") {
  process p;
  const trace::context forwarded = context(9, 9);
  for (int i = 0; i < 1000; ++i) p.call({}, &forwarded);
  const auto a = p.request(1, 1);
  p.clock.advance(milliseconds(2));
  CHECK(p.call().method == method::exclusive);
}

TEST_CASE("ladder rung 1: a correlation id that one request carries names it") {
  process p;
  const auto a = p.request(1, 1, "id-a");
  const auto b = p.request(2, 2, "id-b");
  for (const char* field : {"x-request-id", "X-Request-ID", "x-correlation-id", "X-Amzn-Trace-Id", "CF-RAY"}) {
    INFO(field);
    const verdict answer = p.call(fields({{"accept", "*/*"}, {field, "id-b"}}));
    CHECK(answer.method == method::header);
    CHECK(answer.confidence == 1.0);
    REQUIRE(answer.parent);
    CHECK(*answer.parent == context(2, 2));
    CHECK(answer.candidates == 2);
    CHECK(answer.links.empty());
  }
}

TEST_CASE("ladder rung 1: no answer from ids that name nobody, several, or that nobody looks at") {
  struct row {
    const char* what;
    const char* field;
    const char* value;
  };
  const row rows[] = {
      {"unknown id", "x-request-id", "id-c"},
      {"another case", "x-request-id", "ID-A"},
      {"empty", "x-request-id", ""},
      {"carried by two", "x-request-id", "twice"},
      {"field not configured", "x-session", "id-a"},
  };
  process p;
  const auto a = p.request(1, 1, "id-a");
  const auto b = p.request(2, 2, "twice");
  const auto c = p.request(3, 3, "twice");
  for (const row& row : rows) {
    INFO(row.what);
    CHECK(p.call(fields({{row.field, row.value}})).method == method::candidates);
  }
}

TEST_CASE("ladder rung 1: ids that name two requests contradict each other") {
  process p;
  const auto a = p.request(1, 1, "id-a");
  const auto b = p.request(2, 2, "id-b");
  CHECK(p.call(fields({{"x-request-id", "id-a"}, {"x-correlation-id", "id-b"}})).method == method::candidates);
  CHECK(p.call(fields({{"x-request-id", "id-a"}, {"x-correlation-id", "id-a"}})).method == method::header);
  CHECK(p.call(fields({{"x-request-id", "unknown"}, {"x-correlation-id", "id-a"}})).method == method::header);
}

TEST_CASE("ladder rung 1: only the configured fields, and only when switched on") {
  settings chosen;
  chosen.id_fields = {"X-Our-Id"};
  process p(chosen);
  const auto a = p.request(1, 1, "id-a");
  const auto b = p.request(2, 2, "id-b");
  CHECK(p.call(fields({{"x-our-id", "id-a"}})).method == method::header);
  CHECK(p.call(fields({{"x-request-id", "id-a"}})).method == method::candidates);
  chosen.header = false;
  process without(chosen);
  const auto c = without.request(1, 1, "id-a");
  const auto d = without.request(2, 2, "id-b");
  CHECK(without.call(fields({{"x-our-id", "id-a"}})).method == method::candidates);
}

TEST_CASE("ladder rung 1: an answer is no call of the estimate and needs none") {
  process p;
  p.heartbeat();
  const auto a = p.request(1, 1, "id-a");
  p.clock.advance(milliseconds(20));
  CHECK(p.call().method == method::candidates);
  CHECK(p.call(fields({{"x-request-id", "id-a"}})).method == method::header);
}

TEST_CASE("ladder rung 4: the only request in flight is the parent") {
  process p;
  const auto a = p.request(1, 1);
  p.clock.advance(milliseconds(2));
  const verdict answer = p.call();
  CHECK(answer.method == method::exclusive);
  REQUIRE(answer.parent);
  CHECK(*answer.parent == context(1, 1));
  CHECK(answer.candidates == 1);
  CHECK(answer.confidence == Approx(1 - 0.002 / 11).epsilon(1e-6));
  CHECK(answer.links.empty());
}

TEST_CASE("ladder rung 4: the first request of a fresh process is trusted early and not late") {
  fake_clock clock;
  ledger inbound(4, clock);
  ladder asked(settings{}, inbound);
  clock.advance(milliseconds(300));
  const auto a = inbound.publish(context(1, 1), clock.steady_now, "");
  clock.advance(milliseconds(2));
  const verdict early = asked.decide(nullptr, {}, stock, clock.steady_now);
  CHECK(early.method == method::exclusive);
  CHECK(early.confidence == Approx(0.9985).margin(0.0001));
  clock.advance(milliseconds(98));
  CHECK(asked.decide(nullptr, {}, {"other", "GET", "/"}, clock.steady_now).method == method::candidates);
}

TEST_CASE("ladder rung 4: the threshold decides, and is reached by being equal") {
  settings chosen;
  fake_clock clock;
  ledger inbound(4, clock);
  chosen.threshold = 1.0;
  ladder strict(chosen, inbound);
  const auto a = inbound.publish(context(1, 1), clock.steady_now, "");
  CHECK(strict.decide(nullptr, {}, stock, clock.steady_now).method == method::exclusive);  // no time, no doubt
  clock.advance(milliseconds(1));
  CHECK(strict.decide(nullptr, {}, stock, clock.steady_now).method == method::candidates);
  chosen.threshold = 0.0;
  ladder credulous(chosen, inbound);
  clock.advance(seconds(100));
  CHECK(credulous.decide(nullptr, {}, stock, clock.steady_now).method == method::exclusive);
}

TEST_CASE("ladder rung 4: a heartbeat is not the request's child") {
  process p;
  p.heartbeat();
  const auto a = p.request(1, 1);
  p.clock.advance(milliseconds(20));
  const verdict answer = p.call();
  CHECK(answer.method == method::candidates);
  CHECK_FALSE(answer.parent);
  CHECK_FALSE(answer.same_trace);  // one trace, but not sure enough
  CHECK(answer.candidates == 1);
  REQUIRE(answer.links.size() == 1);
  CHECK(answer.links[0].trace == context(1, 1).trace);
  CHECK(answer.links[0].span == context(1, 1).span);
  CHECK(answer.links[0].flags == 1);
  CHECK(answer.links[0].confidence == answer.confidence);
  CHECK(answer.confidence < 0.98);
}

TEST_CASE("ladder rung 4: nobody is exclusive when one in flight has no slot") {
  process p({}, 1);
  auto with = p.request(1, 1);
  const auto without = p.request(2, 2);
  p.clock.advance(milliseconds(1));
  const verdict two = p.call();
  CHECK(two.method == method::candidates);
  CHECK(two.candidates == 2);
  REQUIRE(two.links.size() == 1);
  CHECK(two.links[0].confidence == Approx(two.confidence / 2));
  with = ledger::entry();
  const verdict one = p.call();
  CHECK(one.method == method::candidates);
  CHECK(one.candidates == 1);
  CHECK(one.links.empty());
}

TEST_CASE("ladder rung 4: an endless exchange is nobody's company") {
  process p;
  auto stream = p.request(1, 1);
  stream.mark_endless();
  CHECK(p.call().method == method::none);
  const auto a = p.request(2, 2);
  p.clock.advance(milliseconds(1));
  const verdict answer = p.call();
  CHECK(answer.method == method::exclusive);
  CHECK(*answer.parent == context(2, 2));
}

TEST_CASE("ladder rung 6: several in flight are links, most recent first, equally likely") {
  process p;
  const auto a = p.request(1, 1);
  p.clock.advance(milliseconds(5));
  const auto b = p.request(2, 2);
  p.clock.advance(milliseconds(5));
  const auto c = p.request(3, 3);
  p.clock.advance(milliseconds(1));
  const verdict answer = p.call();
  CHECK(answer.method == method::candidates);
  CHECK_FALSE(answer.parent);
  CHECK_FALSE(answer.same_trace);
  CHECK(answer.candidates == 3);
  REQUIRE(answer.links.size() == 3);
  CHECK(answer.links[0].span == context(3, 3).span);
  CHECK(answer.links[1].span == context(2, 2).span);
  CHECK(answer.links[2].span == context(1, 1).span);
  for (const trace::link& link : answer.links) CHECK(link.confidence == Approx(answer.confidence / 3));
  CHECK(answer.confidence == Approx(1 - 0.011 / 11).margin(1e-5));
}

TEST_CASE("ladder rung 6: no more links than allowed, the count tells of all") {
  settings chosen;
  chosen.candidate_links = GENERATE(0U, 2U, 8U);
  process p(chosen, 200);
  std::vector<ledger::entry> entries;
  for (int i = 0; i < 100; ++i) entries.push_back(p.request(static_cast<std::uint8_t>(i), 1));
  const verdict answer = p.call();
  CHECK(answer.candidates == 100);
  CHECK(answer.links.size() == chosen.candidate_links);
  for (const trace::link& link : answer.links) CHECK(link.confidence == Approx(answer.confidence / 100));
}

TEST_CASE("ladder rung 6: candidates of one trace keep the call in it, if it was caused at all") {
  process p;
  const auto a = p.request(7, 1);
  const auto b = p.request(7, 2);
  p.clock.advance(milliseconds(2));
  const verdict sure = p.call();
  CHECK(sure.method == method::candidates);
  CHECK_FALSE(sure.parent);
  REQUIRE(sure.same_trace);
  CHECK(*sure.same_trace == context(7, 1));
  CHECK(sure.links.size() == 2);
  const auto stranger = p.request(8, 3);
  CHECK_FALSE(p.call().same_trace);
}

TEST_CASE("ladder rung 6: one trace is not enough for a heartbeat") {
  process p;
  p.heartbeat();
  const auto a = p.request(7, 1);
  const auto b = p.request(7, 2);
  p.clock.advance(milliseconds(20));
  const verdict answer = p.call();
  CHECK(answer.links.size() == 2);
  CHECK_FALSE(answer.same_trace);
}

TEST_CASE("ladder rung 6: one trace is not known to be all when somebody is not seen") {
  process p({}, 2);
  const auto a = p.request(7, 1);
  const auto b = p.request(7, 2);
  const auto without_slot = p.request(7, 3);
  const verdict answer = p.call();
  CHECK(answer.candidates == 3);
  CHECK(answer.links.size() == 2);
  CHECK_FALSE(answer.same_trace);
}

TEST_CASE("ladder: rungs that are switched off do not answer") {
  settings chosen;
  chosen.exclusive = false;
  process p(chosen);
  const auto a = p.request(1, 1);
  p.clock.advance(milliseconds(2));
  const verdict candidate = p.call();
  CHECK(candidate.method == method::candidates);
  REQUIRE(candidate.same_trace);  // the parent is sure, the rung that may say so is off
  chosen.candidates = false;
  process silent(chosen);
  const auto b = silent.request(1, 1);
  silent.clock.advance(milliseconds(2));
  const verdict nothing = silent.call();
  CHECK(nothing.method == method::none);
  CHECK(nothing.confidence == Approx(0.002 / 11).margin(1e-5));  // most likely it had a parent
  CHECK(nothing.candidates == 1);
  CHECK(nothing.links.empty());
  CHECK_FALSE(nothing.same_trace);
}

TEST_CASE("ladder: a parent's tracestate and flags reach the answer") {
  process p;
  trace::context sent = context(1, 1);
  sent.state = "vendor=1";
  sent.flags = trace::flags::random;
  const auto a = p.inbound.publish(sent, p.clock.steady_now, "id-a");
  p.clock.advance(milliseconds(1));
  CHECK(*p.call().parent == sent);
  CHECK(*p.call(fields({{"x-request-id", "id-a"}})).parent == sent);
}

TEST_CASE("ladder: every answer is counted by its method") {
  process p;
  const trace::context forwarded = context(9, 9);
  p.call();
  p.call({}, &forwarded);
  p.call({}, &forwarded);
  const auto a = p.request(1, 1, "id-a");
  p.clock.advance(milliseconds(1));
  for (int i = 0; i < 3; ++i) p.call();
  for (int i = 0; i < 4; ++i) p.call(fields({{"x-request-id", "id-a"}}));
  const auto b = p.request(2, 2);
  for (int i = 0; i < 5; ++i) p.call();
  const auto counts = p.asked.counts();
  CHECK(counts.by_method[static_cast<std::size_t>(method::none)] == 1);
  CHECK(counts.by_method[static_cast<std::size_t>(method::traceparent)] == 2);
  CHECK(counts.by_method[static_cast<std::size_t>(method::exclusive)] == 3);
  CHECK(counts.by_method[static_cast<std::size_t>(method::header)] == 4);
  CHECK(counts.by_method[static_cast<std::size_t>(method::candidates)] == 5);
}

}  // namespace
}  // namespace sidespan::correlate

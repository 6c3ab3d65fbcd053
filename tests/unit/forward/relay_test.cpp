// SPDX-License-Identifier: Apache-2.0
#include "forward/relay.hpp"

#include <catch2/catch.hpp>

#include "fake_exchanges.hpp"
#include "support/loopback.hpp"

namespace sidespan::forward::test {
namespace {

using http::body_size;

constexpr body_size sized(std::uint64_t bytes) { return {body_size::kind::known, bytes}; }
constexpr body_size endless{body_size::kind::unknown, 0};

/// Each look at it is a nanosecond later.
struct counting_clock final : base::clock {
  mutable std::int64_t looks = 0;
  base::steady_time steady() const noexcept override { return {++looks}; }
  base::wall_time wall() const noexcept override { return {}; }
};

/// One relay between two fakes.
struct stage_set final : relay_hooks {
  support::event_loop loop;
  fake_down down{loop.context.get_executor()};
  fake_up up{loop.context.get_executor()};
  std::optional<fault> refusal;
  std::string completed_at = "never";  // what the downstream had when the upstream had answered in full
  std::uint64_t max_body = 0;
  bool expects_continue = false;
  kept_body* kept = nullptr;
  counting_clock clock;
  bool timed = true;
  bool no_memory = false;  // when the response head is there
  int left_behind = 0;     // readers of the request, at the moment the relay had ended

  base::result<void> on_response(http::response_head& head) override {
    if (no_memory) throw std::bad_alloc();
    head.fields.add("X-Seen", "1");
    if (refusal) return *refusal;
    return {};
  }
  base::result<void> on_switch(http::response_head& head) override {
    if (head.fields.find(http::field_id::upgrade) == nullptr)
      return fault(fault_code::http_upgrade_failed, side::upstream, stage::read_head, "not wanted");
    return {};
  }
  void on_response_complete() noexcept override { completed_at = down.output.text(); }

  support::outcome<relay_outcome> begin() {
    const relay_request request{down, up, "/", max_body, expects_continue, kept, timed ? &clock : nullptr};
    return loop.start(whole(request));
  }
  net::task<relay_outcome> whole(relay_request request) {
    net::task<relay_outcome> all = relay(request, *this, loop.context.get_executor());
    relay_outcome out = co_await all;
    left_behind = down.readers;
    co_return out;
  }
  relay_outcome run() {
    const auto out = begin();
    loop.until([&out] { return out->has_value(); });
    return **out;
  }
  void request_with(std::initializer_list<fake_body::step> steps, body_size size = endless) {
    down.size = size;
    down.body.steps = steps;
  }
  void answer(std::initializer_list<fake_body::step> steps, body_size size = endless, int status = 200) {
    up.answers.push_back({status, size, {}});
    up.body.steps = steps;
  }
};

const fake_body::step nothing{"", true, true, {}};

}  // namespace

TEST_CASE("relay: a request without content is complete with its head, a response at hand goes out in one write") {
  stage_set set;
  set.answer({{"fine", true, true, {}}}, sized(4));
  const relay_outcome out = set.run();
  CHECK_FALSE(out.fault);
  CHECK(out.status == 200);
  CHECK(out.response_bytes == 4);
  CHECK(set.up.output.writes == std::vector<std::string>{""});
  CHECK(set.up.output.complete);
  CHECK(set.down.output.writes == std::vector<std::string>{"fine"});
  CHECK(set.down.output.complete);
  CHECK(set.down.put_fields == std::vector<std::string>{"X-Seen: 1"});
  CHECK(set.down.put_size.kind == body_size::kind::known);
  CHECK_FALSE(set.up.interrupted);
}

TEST_CASE("relay: times of an exchange, with as few looks at the clock as there are moments") {
  SECTION("at once: two looks") {
    stage_set set;
    set.answer({{"fine", true, true, {}}}, sized(4));
    const relay_outcome out = set.run();
    CHECK(out.request_sent.ns == 1);
    CHECK(out.first_byte.ns == 2);
    CHECK(out.last_byte == out.first_byte);
    CHECK(set.clock.looks == 2);
  }
  SECTION("both bodies in pieces: three") {
    stage_set set;
    set.request_with({{"one", false, true, {}}, {"two", false, false, {}}, {"three", true, false, {}}});
    const auto out = set.begin();
    set.loop.settle();
    set.answer({{"x", false, false, {}}, {"y", false, false, {}}, {"z", true, false, {}}});
    set.up.wake();
    set.loop.until([&out] { return out->has_value(); });
    CHECK((*out)->request_sent.ns == 1);
    CHECK((*out)->first_byte.ns == 2);
    CHECK((*out)->last_byte.ns == 3);
    CHECK(set.clock.looks == 3);
  }
  SECTION("what is not reached is not told") {
    stage_set set;
    set.up.failure = fault(fault_code::connection_terminated, side::upstream, stage::read_head, "gone");
    const relay_outcome out = set.run();
    CHECK(out.request_sent.ns == 1);
    CHECK(out.first_byte.ns == 0);
    CHECK(out.last_byte.ns == 0);
  }
  SECTION("nobody asks, nobody looks") {
    stage_set set;
    set.timed = false;
    set.answer({{"fine", true, true, {}}}, sized(4));
    CHECK(set.run().first_byte.ns == 0);
    CHECK(set.clock.looks == 0);
  }
}

TEST_CASE("relay: the upstream has answered in full before the last piece is written") {
  stage_set set;
  set.answer({{"a", false, true, {}}, {"b", true, false, {}}});
  CHECK_FALSE(set.run().fault);
  // The head with the first piece, then an empty write because nothing more was at hand.
  CHECK(set.completed_at == "a|");
  CHECK(set.down.output.text() == "a||b");
}

TEST_CASE("relay: a whole body at hand is kept for another attempt, and sent in its place (RT-5)") {
  base::arena text;
  kept_body kept;
  kept.in = &text;
  kept.most_bytes = 5;
  stage_set first;
  first.kept = &kept;
  first.request_with({{"hello", true, true, {}}}, sized(5));
  first.answer({nothing});
  CHECK_FALSE(first.run().fault);
  REQUIRE(kept.bytes == "hello");

  stage_set second;  // its downstream has nothing left
  second.kept = &kept;
  second.request_with({}, sized(5));
  second.answer({nothing});
  const relay_outcome out = second.run();
  CHECK_FALSE(out.fault);
  CHECK(out.request_bytes == 5);
  CHECK(second.up.output.writes == std::vector<std::string>{"hello"});
  CHECK(second.up.output.complete);
}

TEST_CASE("relay: a body that is too large, or not whole at once, is not kept (RT-5)") {
  base::arena text;
  kept_body kept;
  kept.in = &text;
  kept.most_bytes = 5;
  stage_set set;
  set.kept = &kept;
  SECTION("too large") { set.request_with({{"hello!", true, true, {}}}, sized(6)); }
  SECTION("in pieces") { set.request_with({{"he", false, true, {}}, {"llo", true, true, {}}}, sized(5)); }
  SECTION("later") { set.request_with({{"hello", true, false, {}}}, sized(5)); }
  set.answer({nothing});
  CHECK_FALSE(set.run().fault);
  CHECK_FALSE(kept.bytes);
}

TEST_CASE("relay: both bodies in pieces") {
  stage_set set;
  set.request_with({{"one", false, true, {}}, {"two", false, false, {}}, {"three", true, false, {}}});
  const auto out = set.begin();
  set.loop.settle();
  REQUIRE_FALSE(out->has_value());
  CHECK(set.up.output.text() == "one|two|three");
  CHECK(set.up.output.complete);
  set.answer({{"x", false, false, {}}, {"y", true, false, {}}});
  set.up.wake();
  set.loop.until([&out] { return out->has_value(); });
  CHECK_FALSE((*out)->fault);
  CHECK((*out)->request_bytes == 11);
  CHECK((*out)->response_bytes == 2);
  CHECK(set.down.output.text() == "|x|y");
}

TEST_CASE("relay: what waits is flushed before the next piece is read") {
  stage_set set;
  set.down.output.sticks = set.up.output.sticks = true;
  set.request_with({{"one", false, true, {}}, {"two", true, false, {}}});
  set.answer({{"x", false, true, {}}, {"y", true, false, {}}});
  const relay_outcome out = set.run();
  CHECK_FALSE(out.fault);
  CHECK(set.up.output.flushes == static_cast<int>(set.up.output.writes.size()));
  CHECK(set.down.output.flushes == static_cast<int>(set.down.output.writes.size()));
  CHECK(set.down.output.text() == "x|y");
}

TEST_CASE("relay: an upstream that sends nothing but interim responses is ended") {
  stage_set set;
  for (int i = 0; i < 1100; ++i) set.up.answers.push_back({103, {}, {}});
  const relay_outcome out = set.run();
  REQUIRE(out.fault);
  CHECK(out.fault->code() == fault_code::http_protocol_error);
  CHECK(out.fault->side() == side::upstream);
  CHECK(set.down.interim.size() == 1000);
}

TEST_CASE("relay: interim responses go on without their hop-by-hop fields (RFC 9110 15.2, H1-24)") {
  stage_set set;
  fake_up::answer hint;
  hint.status = 103;
  for (const auto& [name, value] :
       {std::pair{"Link", "</a>"}, {"Connection", "x-own"}, {"X-Own", "1"}, {"Keep-Alive", "timeout=5"}})
    hint.fields.add(name, value);
  set.up.answers.push_back(hint);
  set.up.answers.push_back({102, {}, {}});
  set.answer({nothing}, sized(0));
  CHECK_FALSE(set.run().fault);
  CHECK(set.down.interim == std::vector<std::string>{"103 Link", "102"});
  CHECK(set.down.status == 200);
}

TEST_CASE("relay: a 101 that nobody asked for is http_upgrade_failed (RS-7)") {
  stage_set set;
  set.up.answers.push_back({101, {}, {}});
  const relay_outcome out = set.run();
  REQUIRE(out.fault);
  CHECK(out.fault->code() == fault_code::http_upgrade_failed);
  CHECK_FALSE(set.down.status);
}

TEST_CASE("relay: an accepted 101 goes on and ends the relay (CN-3)") {
  for (const bool expects : {false, true}) {
    for (const bool continued : {false, true}) {
      stage_set set;
      set.expects_continue = expects;
      if (continued) set.up.answers.push_back({100, {}, {}});
      fake_up::answer accepted;
      accepted.status = 101;
      accepted.fields.add("Upgrade", "x");
      set.up.answers.push_back(accepted);
      const relay_outcome out = set.run();
      CHECK_FALSE(out.fault);
      CHECK(out.switched);
      CHECK(out.status == 101);
      CHECK_FALSE(set.down.status);
      // CN-4: a 100 before the 101 when one is waited for, the upstream's or ours, never both.
      const bool first_100 = expects || continued;
      CHECK(set.down.interim ==
            (first_100 ? std::vector<std::string>{"100", "101 Upgrade"} : std::vector<std::string>{"101 Upgrade"}));
    }
  }
}

TEST_CASE("relay: a body that ends with its connection gets an end of its own (RS-5)") {
  stage_set set;
  set.answer({nothing}, {body_size::kind::until_close, 0});
  CHECK_FALSE(set.run().fault);
  CHECK(set.down.put_size.kind == body_size::kind::unknown);
}

TEST_CASE("relay: trailers go only to a downstream that accepts them (RS-12)") {
  const bool at_hand = GENERATE(false, true);
  for (const bool wanted : {false, true}) {
    stage_set set;
    set.down.trailers_wanted = wanted;
    set.up.body.trailers.add("X-Sum", "1");
    set.down.body.trailers.add("X-Up", "1");
    set.request_with({{"a", true, true, {}}});
    set.answer({{"b", true, at_hand, {}}});
    CHECK_FALSE(set.run().fault);
    CHECK(set.down.output.trailers == (wanted ? "X-Sum;" : ""));
    CHECK(set.up.output.trailers == "X-Up;");
  }
}

TEST_CASE("relay: a response that is over before the request ends the upload and its connection (RS-11)") {
  stage_set set;
  set.request_with({{"one", false, true, {}}});
  set.answer({nothing}, sized(0), 413);
  const relay_outcome out = set.run();
  CHECK_FALSE(out.fault);
  CHECK(out.status == 413);
  CHECK(set.down.stopped);
  CHECK(set.up.interrupted);
}

TEST_CASE("relay: what little is left of a request follows its response when both connections stay (RS-11)") {
  stage_set set;
  set.down.stays = true;
  set.request_with({{"one", false, true, {}}, {"two", false, false, {}}, {"three", true, false, {}}});
  set.answer({nothing}, sized(0));
  const relay_outcome out = set.run();
  CHECK_FALSE(out.fault);
  CHECK(set.completed_at == "");  // the response was not kept for it
  CHECK(set.up.output.text() == "one|two|three");
  CHECK(set.up.output.complete);
  CHECK(out.request_bytes == 11);
  CHECK_FALSE(set.down.stopped);
  CHECK_FALSE(set.up.interrupted);
}

TEST_CASE("relay: nothing follows a response whose connection closes, or that the caller waits for (RS-11)") {
  stage_set set;
  set.down.stays = true;
  SECTION("the upstream closes") { set.up.keeps = false; }
  SECTION("the caller waits for a 100") { set.expects_continue = true; }
  SECTION("there is too much of it") { set.down.stays = false; }
  set.request_with({{"one", false, true, {}}});
  set.answer({nothing}, sized(0), 413);
  const relay_outcome out = set.run();
  CHECK_FALSE(out.fault);
  CHECK(set.down.stopped);
  CHECK(set.up.interrupted);
}

TEST_CASE("relay: what goes wrong behind the response costs the upstream's connection and is no fault (RS-11)") {
  stage_set set;
  set.down.stays = true;
  const fault gone(fault_code::downstream_closed, side::downstream, stage::read_body, "gone");
  set.request_with({{"one", false, true, {}}, {"", false, false, gone}});
  set.answer({nothing}, sized(0));
  CHECK_FALSE(set.run().fault);
  CHECK(set.up.interrupted);
}

TEST_CASE("relay: content that came beside the end of the response goes nowhere (RS-11)") {
  stage_set set;
  set.request_with({{"one", false, true, {}}});
  set.down.late = "late";
  set.answer({nothing}, sized(0), 413);
  const relay_outcome out = set.run();
  CHECK_FALSE(out.fault);
  CHECK(set.up.output.text() == "one");
  CHECK(out.request_bytes == 3);
}

TEST_CASE("relay: an upstream that fails inside a request is the upstream's fault, whatever the stopped upload says") {
  stage_set set;
  set.request_with({{"one", false, true, {}}});
  set.up.failure = fault(fault_code::connection_terminated, side::upstream, stage::read_head, "gone");
  const relay_outcome out = set.run();
  REQUIRE(out.fault);
  CHECK(out.fault->code() == fault_code::connection_terminated);
  CHECK(out.request_bytes == 3);
}

TEST_CASE("relay: what is wrong with the request explains the failure, and the upstream never takes it for whole") {
  const fault bad(fault_code::http_request_error, side::downstream, stage::read_body, "bad chunk");
  SECTION("while the upstream waits") {
    stage_set set;
    set.request_with({{"one", false, true, {}}, {"", false, false, bad}});
    const relay_outcome out = set.run();
    REQUIRE(out.fault);
    CHECK(out.fault->code() == fault_code::http_request_error);
    CHECK(set.up.interrupted);
    CHECK_FALSE(set.up.output.complete);
  }
  SECTION("at once") {
    stage_set set;
    set.request_with({{"", false, true, bad}});
    const relay_outcome out = set.run();
    REQUIRE(out.fault);
    CHECK(out.fault->code() == fault_code::http_request_error);
    CHECK(set.up.output.writes.empty());
  }
}

TEST_CASE("relay: content over the limit is refused, at hand or later") {
  SECTION("at hand: nothing is sent") {
    stage_set set;
    set.max_body = 2;
    set.request_with({{"one", false, true, {}}});
    const relay_outcome out = set.run();
    REQUIRE(out.fault);
    CHECK(out.fault->code() == fault_code::request_body_size);
    CHECK(set.up.output.writes.empty());
  }
  SECTION("later: the upstream is cut off") {
    stage_set set;
    set.max_body = 5;
    set.request_with({{"one", false, true, {}}, {"two", false, false, {}}});
    const relay_outcome out = set.run();
    REQUIRE(out.fault);
    CHECK(out.fault->code() == fault_code::request_body_size);
    CHECK(set.up.interrupted);
  }
  SECTION("exactly the limit passes") {
    stage_set set;
    set.max_body = 6;
    set.request_with({{"one", false, true, {}}, {"two", true, false, {}}});
    set.answer({nothing}, sized(0));
    CHECK_FALSE(set.run().fault);
  }
}

TEST_CASE("relay: a request that cannot be written still gets the response that the upstream left behind") {
  stage_set set;
  set.request_with({{"one", false, true, {}}, {"two", false, false, {}}});
  const auto out = set.begin();
  REQUIRE_FALSE(out->has_value());
  set.up.output.failure = fault(fault_code::connection_terminated, side::upstream, stage::send_body, "gone");
  set.down.body.steps.push_back({"three", true, false, {}});
  set.answer({nothing}, sized(0), 413);
  set.up.wake();
  set.loop.until([&out] { return out->has_value(); });
  CHECK_FALSE((*out)->fault);
  CHECK((*out)->status == 413);
}

TEST_CASE("relay: a response that the exchange refuses is not put") {
  stage_set set;
  set.refusal = fault(fault_code::http_protocol_error, side::upstream, stage::read_head, "no");
  set.answer({nothing}, sized(0));
  const relay_outcome out = set.run();
  REQUIRE(out.fault);
  CHECK(out.fault->code() == fault_code::http_protocol_error);
  CHECK(out.status == 200);
  CHECK_FALSE(set.down.status);
}

TEST_CASE("relay: a response that breaks off keeps its status and is never completed (RS-6)") {
  stage_set set;
  const fault cut(fault_code::http_response_incomplete, side::upstream, stage::read_body, "cut");
  set.answer({{"half", false, false, {}}, {"", false, false, cut}});
  const relay_outcome out = set.run();
  REQUIRE(out.fault);
  CHECK(out.fault->code() == fault_code::http_response_incomplete);
  CHECK(out.status == 200);
  CHECK_FALSE(set.down.output.complete);
  CHECK(set.completed_at == "never");
}

TEST_CASE("relay: an upload that waits for its caller has ended when the relay has") {
  stage_set set;
  set.request_with({{"one", false, true, {}}});
  const auto out = set.begin();
  set.loop.until([&set] { return set.down.readers == 1; });
  set.up.interrupt(false);
  set.loop.until([&out] { return out->has_value(); });
  CHECK((**out).fault);
  CHECK(set.down.stopped);
  CHECK(set.left_behind == 0);
}

TEST_CASE("relay: no memory on the response side is a fault, and the upload has ended before it is told") {
  stage_set set;
  set.request_with({{"one", false, true, {}}});
  SECTION("for its head") {
    set.no_memory = true;
    set.answer({nothing}, sized(0));
  }
  SECTION("for its content") { set.answer({{"half", false, false, {}}, {"", false, false, {}, true}}); }
  const relay_outcome out = set.run();
  REQUIRE(out.fault);
  CHECK(out.fault->code() == fault_code::connection_limit_reached);
  CHECK(out.fault->side() == side::internal);
  CHECK(set.down.stopped);
  CHECK(set.down.readers == 0);
  CHECK(set.up.interrupted);
  CHECK_FALSE(set.down.output.complete);
}

TEST_CASE("relay: no memory for the rest of the request ends both, and the upstream never takes it for whole") {
  stage_set set;
  set.request_with({{"one", false, true, {}}, {"", false, false, {}, true}});
  const relay_outcome out = set.run();
  REQUIRE(out.fault);
  CHECK(out.fault->code() == fault_code::connection_limit_reached);
  CHECK(out.fault->side() == side::internal);
  CHECK(set.up.interrupted);
  CHECK_FALSE(set.up.output.complete);
}

TEST_CASE("relay: no memory for the request, which nothing is read beside of") {
  stage_set set;
  set.request_with({{"", false, true, {}, true}});
  const relay_outcome out = set.run();
  REQUIRE(out.fault);
  CHECK(out.fault->code() == fault_code::connection_limit_reached);
  CHECK(set.up.output.writes.empty());
}

}  // namespace sidespan::forward::test

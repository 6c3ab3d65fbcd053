// SPDX-License-Identifier: Apache-2.0
#include "trace/live_span.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "support/fake_clock.hpp"
#include "support/kept_records.hpp"

using namespace sidespan;
using trace::key;

namespace {

trace::context context_with(trace::flags flags) {
  trace::context out;
  out.trace.bytes[15] = 1;
  out.span.bytes[7] = 2;
  out.flags = flags;
  out.state = "foo=1,bar=2,long=enough-for-the-heap";
  return out;
}

struct fixture {
  support::kept_records out;
  support::fake_clock clock;
  trace::span_id parent;

  fixture() { parent.bytes[0] = 3; }
  trace::live_span start(trace::flags flags = trace::flags::sampled) {
    return trace::live_span(out, clock, trace::span_kind::server, context_with(flags), parent, true);
  }
};

std::string text(const support::span& from, key wanted) {
  const support::attribute* found = from.find(wanted);
  REQUIRE(found != nullptr);
  REQUIRE(found->type == support::attribute::type::text);
  return found->text;
}

}  // namespace

TEST_CASE("live span: offers one record when destroyed, with ids, times and state") {
  fixture f;
  {
    auto span = f.start(trace::flags::sampled | trace::flags::random);
    CHECK(span.recording());
    CHECK(span.self().state == "foo=1,bar=2,long=enough-for-the-heap");
    CHECK(span.started() == base::steady_time{1'000'000'000});
    f.clock.advance(base::nanoseconds(1'234'567));
    CHECK(f.out.all.empty());
  }
  REQUIRE(f.out.all.size() == 1);
  const support::span& done = f.out.all[0];
  CHECK(done.trace.bytes[15] == 1);
  CHECK(done.span.bytes[7] == 2);
  CHECK(done.parent == f.parent);
  CHECK(done.parent_remote);
  CHECK(done.w3c_flags == 3);
  CHECK(done.kind == trace::span_kind::server);
  CHECK(done.status == trace::span_status::unset);
  CHECK(done.start == base::wall_time{1'700'000'000'000'000'000});
  CHECK(done.duration == base::nanoseconds(1'234'567));
  CHECK(done.trace_state == "foo=1,bar=2,long=enough-for-the-heap");
  CHECK(done.name() == "HTTP");  // never without one
}

TEST_CASE("live span: is offered when an exception passes") {
  fixture f;
  try {
    auto span = f.start();
    throw 1;
  } catch (int) {
  }
  CHECK(f.out.all.size() == 1);
}

TEST_CASE("live span: a wall clock set back does not change the duration, a steady one set back gives zero") {
  fixture f;
  {
    auto span = f.start();
    f.clock.steady_now.ns += 500;
    f.clock.wall_now.ns -= 1'000'000'000;
  }
  {
    auto span = f.start();
    f.clock.steady_now.ns -= 1;
    span.add_event("early");
  }
  CHECK(f.out.all[0].duration == base::nanoseconds(500));
  CHECK(f.out.all[1].duration == base::nanoseconds(0));
  CHECK(f.out.all[1].events[0].wall_ns == f.out.all[1].start.ns);
}

TEST_CASE("live span: unsampled has its context, records nothing and asks no clock twice") {
  fixture f;
  {
    auto span = f.start(trace::flags::random);
    CHECK_FALSE(span.recording());
    CHECK(span.self().valid());
    span.set(key::url_path, "/a");
    span.set(key::server_port, 80);
    span.set(key::sidespan_parent_confidence, 0.5);
    span.set(key::sidespan_downstream_closed, true);
    span.set_name("GET", "/a");
    span.set_error();
    span.add_link({});
    span.add_event("switched");
  }
  CHECK(f.out.all.empty());
  CHECK(f.clock.steady_reads == 1);
  CHECK(f.clock.wall_reads == 0);
}

TEST_CASE("live span: its context is local, whatever it was made from") {
  fixture f;
  auto context = context_with(trace::flags::sampled);
  context.remote = true;
  const trace::live_span span(f.out, f.clock, trace::span_kind::client, std::move(context), {}, false);
  CHECK_FALSE(span.self().remote);
  CHECK(span.kind() == trace::span_kind::client);
}

TEST_CASE("live span: values keep their type") {
  fixture f;
  {
    auto span = f.start();
    span.set(key::url_path, "/literal");
    span.set(key::url_query, std::string("a=1"));
    span.set(key::url_scheme, std::string_view("https"));
    span.set(key::server_port, std::uint16_t{8080});
    span.set(key::http_request_body_size, std::uint64_t{1} << 40);
    span.set(key::http_response_status_code, -1);
    span.set(key::sidespan_parent_confidence, 0.25);
    span.set(key::sidespan_connection_reused, false);
    CHECK(span.has(key::url_path));
    CHECK_FALSE(span.has(key::url_full));
  }
  const support::span& done = f.out.all[0];
  CHECK(text(done, key::url_path) == "/literal");
  CHECK(text(done, key::url_query) == "a=1");
  CHECK(text(done, key::url_scheme) == "https");
  REQUIRE(done.find(key::server_port)->type == support::attribute::type::integer);
  CHECK(done.find(key::server_port)->integer == 8080);
  CHECK(done.find(key::http_request_body_size)->integer == std::int64_t{1} << 40);
  CHECK(done.find(key::http_response_status_code)->integer == -1);
  REQUIRE(done.find(key::sidespan_parent_confidence)->type == support::attribute::type::real);
  CHECK(done.find(key::sidespan_parent_confidence)->real == 0.25);
  REQUIRE(done.find(key::sidespan_connection_reused)->type == support::attribute::type::boolean);
  CHECK_FALSE(done.find(key::sidespan_connection_reused)->boolean);
  CHECK(done.attributes.size() == 8);
  CHECK(done.find(key::url_full) == nullptr);
}

TEST_CASE("live span: a key set again is one attribute with the new value") {
  fixture f;
  {
    auto span = f.start();
    span.set(key::error_type, "500");
    span.set(key::url_path, "/a");
    span.set(key::error_type, "http_response_incomplete");
    span.set(key::server_port, "text first");
    span.set(key::server_port, 80);
  }
  const support::span& done = f.out.all[0];
  CHECK(done.attributes.size() == 3);
  CHECK(text(done, key::error_type) == "http_response_incomplete");
  CHECK(text(done, key::url_path) == "/a");
  CHECK(done.find(key::server_port)->integer == 80);
}

TEST_CASE("live span: there is one name, set first or last or twice") {
  fixture f;
  {
    auto span = f.start();
    span.set_name("GET", "/carts/{id}");
    span.set(key::url_path, "/carts/1");
  }
  {
    auto span = f.start();
    span.set(key::url_path, "/carts/1");
    span.set(key::server_port, 80);
    span.set(key::url_query, "a=1");
    span.set_name("GET", "/carts/{id}");
    span.set(key::url_scheme, "http");
  }
  {
    auto span = f.start();
    span.set_name("POST", "");
    span.set(key::url_path, "/carts/1");
    span.set_name("GET", "/carts/{id}");
  }
  for (const support::span& done : f.out.all) {
    CHECK(done.name() == "GET /carts/{id}");
    CHECK(text(done, key::url_path) == "/carts/1");
  }
  CHECK(text(f.out.all[1], key::url_query) == "a=1");
  CHECK(text(f.out.all[1], key::url_scheme) == "http");
  CHECK(f.out.all[1].find(key::server_port)->integer == 80);
}

TEST_CASE("live span: a name without target is the method") {
  fixture f;
  { f.start().set_name("HTTP", ""); }
  CHECK(f.out.all[0].name() == "HTTP");
}

TEST_CASE("live span: links, events and the error mark are kept in order") {
  fixture f;
  {
    auto span = f.start();
    trace::link one;
    one.span.bytes[0] = 9;
    one.confidence = 0.5;
    span.add_link(one);
    span.add_link({});
    f.clock.advance(base::nanoseconds(10));
    span.add_event("switched");
    f.clock.advance(base::nanoseconds(10));
    span.add_event("closed");
    span.set_error();
  }
  const support::span& done = f.out.all[0];
  REQUIRE(done.links.size() == 2);
  CHECK(done.links[0].span.bytes[0] == 9);
  CHECK(done.links[0].confidence == 0.5);
  REQUIRE(done.events.size() == 2);
  CHECK(done.events[0].name == "switched");
  CHECK(done.events[0].wall_ns == done.start.ns + 10);
  CHECK(done.events[1].wall_ns == done.start.ns + 20);
  CHECK(done.status == trace::span_status::error);
}

TEST_CASE("live span: text over 4096 bytes is cut between characters") {
  fixture f;
  {
    auto span = f.start();
    span.set(key::url_path, std::string(4096, 'a'));
    span.set(key::url_query, std::string(5000, 'a'));
    span.set(key::user_agent_original, std::string(4095, 'a') + "\xC3\xA9" + "b");
  }
  const support::span& done = f.out.all[0];
  CHECK(text(done, key::url_path) == std::string(4096, 'a'));
  CHECK(text(done, key::url_query) == std::string(4096, 'a'));
  CHECK(text(done, key::user_agent_original) == std::string(4095, 'a'));
}

TEST_CASE("record: every key has a name of its own") {
  std::vector<std::string_view> names;
  for (int i = 0; i < static_cast<int>(key::count_); ++i) {
    const auto name = trace::name(static_cast<key>(i));
    CHECK_FALSE(name.empty());
    CHECK(std::find(names.begin(), names.end(), name) == names.end());
    names.push_back(name);
  }
  CHECK(trace::name(key::client_address) == "client.address");
  CHECK(trace::name(key::http_response_status_code) == "http.response.status_code");
  CHECK(trace::name(key::url_template) == "url.template");
  CHECK(trace::name(key::user_agent_original) == "user_agent.original");
  CHECK(trace::name(key::sidespan_leg) == "sidespan.leg");
  CHECK(trace::name(key::sidespan_parent_method) == "sidespan.parent.method");
}

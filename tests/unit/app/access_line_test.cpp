// SPDX-License-Identifier: Apache-2.0
#include "app/access_line.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "trace/context.hpp"

namespace sidespan::app::test {
namespace {

using nlohmann::json;
using namespace std::string_literals;

constexpr base::wall_time noon{1'795'348'800'123'456'789U};  // 2026-11-22T12:00:00.123456789Z

struct finished {
  http::request_head head;
  trace::context context;
  forward::finished_exchange what;

  finished() {
    context.trace.bytes = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6,
                           0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
    context.span.bytes = {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};
    context.flags = trace::flags::sampled;
    head.method = what.method = "GET";
    head.target = what.target = "/carts/42?sig=secret&page=2";
    head.fields.add("Host", "shop");
    head.fields.add("User-Agent", "curl/7.88");
    what.listener = "8080";
    what.route = "/carts/{id}";
    what.peer = "10.0.0.7";
    what.status = 200;
    what.duration = base::nanoseconds(1'234'567);
    what.response_after = base::nanoseconds(1'000'999);
    what.request_bytes = 3;
    what.response_bytes = 5000000000U;
    what.upstream = "localhost";
    what.upstream_port = 3000;
    what.attempts = 1;
    what.request = &head;
    what.context = &context;
  }
};

std::string text_of(const forward::finished_exchange& what, access_line_settings how = {}) {
  how.json = false;
  if (how.redacted_query_keys.empty()) how.redacted_query_keys = {"sig"};
  access_line line(std::move(how));
  return std::string(line.write(what, noon));
}

json json_of(const forward::finished_exchange& what, access_line_settings how = {}) {
  how.redacted_query_keys = {"sig"};
  access_line line(std::move(how));
  const std::string text(line.write(what, noon));
  CHECK(text.back() == '\n');
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  return json::parse(text);  // throws on bad escapes and on bad UTF-8
}

}  // namespace

TEST_CASE("access line: JSON has every field with its type") {
  const finished one;
  CHECK(json_of(one.what) == json::parse(R"({
    "time": "2026-11-22T12:00:00.123456Z", "log": "access", "leg": "inbound", "listener": "8080", "client": "10.0.0.7",
    "method": "GET", "target": "/carts/42?sig=REDACTED&page=2", "version": "HTTP/1.1", "host": "shop", "status": 200,
    "duration_us": 1234, "response_us": 1000, "request_bytes": 3, "response_bytes": 5000000000,
    "upstream": "localhost:3000", "attempts": 1, "route": "/carts/{id}", "user_agent": "curl/7.88",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7", "sampled": true})"));
}

TEST_CASE("access line: text has every column") {
  const finished one;
  CHECK(
      text_of(one.what) ==
      "2026-11-22T12:00:00.123456Z inbound 8080 10.0.0.7 \"GET /carts/42?sig=REDACTED&page=2 HTTP/1.1\" 200 - 1234us 3 "
      "5000000000 localhost:3000 \"/carts/{id}\" \"curl/7.88\" 4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7\n");
}

namespace {

forward::finished_tunnel connection_of(const finished& one) {
  forward::finished_tunnel what;
  what.inbound = false;
  what.end = forward::tunnel_end::upstream_reset;
  what.fault = base::fault_code::connection_terminated;
  what.listener = "9003";
  what.peer = "127.0.0.1";
  what.upstream = "10.0.0.9:5432";
  what.duration = base::nanoseconds(2'000'999);
  what.bytes_up = 7;
  what.bytes_down = 5000000000U;
  what.context = &one.context;
  return what;
}

}  // namespace

TEST_CASE("access line: an opaque connection as JSON and in the columns of an exchange") {
  const finished one;
  forward::finished_tunnel what = connection_of(one);
  access_line lines{access_line_settings()};
  CHECK(json::parse(lines.write(what, noon)) == json::parse(R"({
    "time": "2026-11-22T12:00:00.123456Z", "log": "access", "leg": "outbound", "listener": "9003", "client": "127.0.0.1",
    "protocol": "tcp", "end": "upstream_reset", "fault": "connection_terminated", "duration_us": 2000, "bytes_up": 7,
    "bytes_down": 5000000000, "upstream": "10.0.0.9:5432",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7", "sampled": true})"));
  access_line_settings how;
  how.json = false;
  access_line text(how);
  CHECK(text.write(what, noon) ==
        "2026-11-22T12:00:00.123456Z outbound 9003 127.0.0.1 \"tcp upstream_reset\" - connection_terminated 2000us 7 "
        "5000000000 10.0.0.9:5432 \"\" \"\" 4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7\n");
  what.upstream = {};
  what.context = nullptr;
  what.fault = base::fault_code::none;
  CHECK(
      text.write(what, noon) ==
      "2026-11-22T12:00:00.123456Z outbound 9003 127.0.0.1 \"tcp upstream_reset\" - - 2000us 7 5000000000 - \"\" \"\" "
      "- -\n");
  CHECK_FALSE(json::parse(lines.write(what, noon)).contains("upstream"));
}

TEST_CASE("access line: what is not known is left out, or a dash") {
  forward::finished_exchange what;
  what.inbound = false;
  what.fault = base::fault_code::downstream_closed;
  const json line = json_of(what);
  for (const char* name : {"status", "response_us", "upstream", "route", "trace_id", "user_agent", "host", "client"}) {
    CAPTURE(name);
    CHECK_FALSE(line.contains(name));
  }
  CHECK(line["fault"] == base::token(base::fault_code::downstream_closed));
  CHECK(line["method"] == "");
  CHECK(text_of(what) == "2026-11-22T12:00:00.123456Z outbound - - \"  HTTP/1.1\" - "s +
                             std::string(base::token(base::fault_code::downstream_closed)) +
                             " 0us 0 0 - \"\" \"\" - -\n");
}

TEST_CASE("access line: hostile text stays one line and one value") {
  struct row {
    std::string given;
    std::string read_back;  // from JSON
    std::string in_text;
  };
  const row rows[] = {
      {"/a\"b", "/a\"b", "/a\\\"b"},
      {"/a\\", "/a\\", "/a\\\\"},
      {"/a\r\nGET /x", "/a\r\nGET /x", "/a\\u000d\\u000aGET /x"},
      {"/a\x1b[2J", "/a\x1b[2J", "/a\\u001b[2J"},
      {"/a\0b"s, "/a\0b"s, "/a\\u0000b"},
      {"/\x7f", "/\x7f", "/\\u007f"},
      {"/\xc2\x9b"
       "31m",
       "/\xc2\x9b"
       "31m",
       "/\\u009b31m"},
      {"/\xc3\xa9", "/\xc3\xa9", "/\xc3\xa9"},
      {"/\xff\xfe", "/\xef\xbf\xbd\xef\xbf\xbd", "/\xef\xbf\xbd\xef\xbf\xbd"},
      {"/\xc2", "/\xef\xbf\xbd", "/\xef\xbf\xbd"},
  };
  for (const row& each : rows) {
    CAPTURE(each.given);
    finished one;
    one.what.target = one.what.method = each.given;
    const json line = json_of(one.what);
    CHECK(line["target"] == each.read_back);
    CHECK(line["method"] == each.read_back);
    const std::string text = text_of(one.what);
    CHECK(text.find("\"" + each.in_text + " " + each.in_text + " HTTP/1.1\"") != std::string::npos);
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  }
}

TEST_CASE("access line: long values are cut between characters") {
  finished one;
  const std::string target = "/" + std::string(100'000, 'x');
  std::string agent;
  for (int i = 0; i < 1000; ++i) agent += "\xc3\xa9";
  one.what.target = target;
  http::request_head head;
  head.fields.add("User-Agent", agent);
  one.what.request = &head;
  const json line = json_of(one.what);
  CHECK(line["target"].get<std::string>().size() == 2048);
  CHECK(line["user_agent"].get<std::string>().size() == 512);
}

TEST_CASE("access line: targets and their secrets, as on spans") {
  struct row {
    const char* given;
    trace::query_policy policy;
    const char* expected;
  };
  using policy = trace::query_policy;
  const row rows[] = {
      {"/a?b=1&sig=2", policy::keep, "/a?b=1&sig=2"},
      {"/a?b=1&sig=2", policy::drop, "/a"},
      {"/a?b=1&sig=2", policy::redact, "/a?b=1&sig=REDACTED"},
      {"/a?", policy::redact, "/a?"},
      {"/a", policy::redact, "/a"},
      {"*", policy::redact, "*"},
      {"http://u:p@h:80/a?sig=1", policy::redact, "http://REDACTED:REDACTED@h:80/a?sig=REDACTED"},
      {"http://u:p@h", policy::keep, "http://REDACTED:REDACTED@h"},
      {"http://h/a@b", policy::redact, "http://h/a@b"},
      {"u:p@h:443", policy::redact, "REDACTED:REDACTED@h:443"},
      {"/a@b://c", policy::redact, "/a@b://c"},
      {"", policy::redact, ""},
  };
  for (const row& each : rows) {
    CAPTURE(each.given, each.policy);
    finished one;
    one.what.target = each.given;
    access_line_settings how;
    how.url_query = each.policy;
    CHECK(json_of(one.what, how)["target"] == each.expected);
  }
}

TEST_CASE("access line: an IPv6 upstream has brackets, a column with blanks has quotes") {
  finished one;
  one.what.upstream = "::1";
  CHECK(json_of(one.what)["upstream"] == "[::1]:3000");
  one.what.upstream = "a b";
  CHECK(text_of(one.what).find(" \"a b:3000\" ") != std::string::npos);
}

TEST_CASE("access line: of a request that could not be read, the beginning") {
  struct row {
    std::string given;
    std::string read_back;  // from JSON
    std::string in_text;
  };
  const std::string replaced = "\xef\xbf\xbd";
  const row rows[] = {
      {"GET /a HTTP/1.1", "GET /a HTTP/1.1", "GET /a HTTP/1.1"},
      {"GET  /a\t\"HTTP", "GET  /a\t\"HTTP", "GET  /a\\u0009\\\"HTTP"},
      {"GET /a?sig=secret HTTP/1.1", "GET /a?sig=REDACTED", "GET /a?sig=REDACTED"},
      {"GET http://u:p@h/ HTTP/1.1", "GET http://REDACTED:REDACTED@h/ HTTP/1.1",
       "GET http://REDACTED:REDACTED@h/ HTTP/1.1"},
      {"CONNECT u:p@h:1 HTTP/1.1", "REDACTED:REDACTED@h:1 HTTP/1.1", "REDACTED:REDACTED@h:1 HTTP/1.1"},
      // Not a request: a TLS hello, content that was taken for one
      {"\x16\x03\x01\x02\xfc", "\x16\x03\x01\x02" + replaced, "\\u0016\\u0003\\u0001\\u0002" + replaced},
      {R"({"user":"me","password":"secret"})", R"({"user":"me","pa)", R"({\"user\":\"me\",\"pa)"},
      {"Authorization: Bearer secret", "Authorization: B", "Authorization: B"},
      {"GET", "GET", "GET"},
  };
  for (const row& each : rows) {
    CAPTURE(each.given);
    forward::finished_exchange what;
    what.first_line = each.given;
    what.status = 400;
    const json line = json_of(what);
    CHECK(line["first_line"] == each.read_back);
    CHECK_FALSE(line.contains("method"));
    CHECK_FALSE(line.contains("version"));
    CHECK(text_of(what).find(" - - \"" + each.in_text + "\" 400 ") != std::string::npos);
  }
  forward::finished_exchange what;
  const std::string endless = "GET /" + std::string(10'000, 'x');
  what.first_line = endless;
  CHECK(json_of(what)["first_line"].get<std::string>().size() == 512);
}

}  // namespace sidespan::app::test

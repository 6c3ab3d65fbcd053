// SPDX-License-Identifier: Apache-2.0
#include "http/fields.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace sidespan::http;

namespace {

struct known {
  const char* name;
  field_id id;
};

constexpr known all_known[] = {
    {"baggage", field_id::baggage},
    {"Connection", field_id::connection},
    {"Content-Length", field_id::content_length},
    {"Content-Type", field_id::content_type},
    {"Date", field_id::date},
    {"Expect", field_id::expect},
    {"Forwarded", field_id::forwarded},
    {"Host", field_id::host},
    {"HTTP2-Settings", field_id::http2_settings},
    {"Keep-Alive", field_id::keep_alive},
    {"Max-Forwards", field_id::max_forwards},
    {"Proxy-Authenticate", field_id::proxy_authenticate},
    {"Proxy-Authorization", field_id::proxy_authorization},
    {"Proxy-Connection", field_id::proxy_connection},
    {"TE", field_id::te},
    {"traceparent", field_id::traceparent},
    {"tracestate", field_id::tracestate},
    {"Trailer", field_id::trailer},
    {"Transfer-Encoding", field_id::transfer_encoding},
    {"Upgrade", field_id::upgrade},
    {"User-Agent", field_id::user_agent},
    {"Via", field_id::via},
    {"X-Forwarded-For", field_id::x_forwarded_for},
    {"X-Forwarded-Host", field_id::x_forwarded_host},
    {"X-Forwarded-Proto", field_id::x_forwarded_proto},
    {"X-Request-Id", field_id::x_request_id},
};

std::string text(const fields& list) {
  std::string out;
  for (const field& line : list) out.append(line.name).append("=").append(line.value).append(";");
  return out;
}

}  // namespace

TEST_CASE("fields: recognises every known name in any case") {
  for (const auto& [name, id] : all_known) {
    CAPTURE(name);
    std::string upper(name);
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    CHECK(identify(name) == id);
    CHECK(identify(upper) == id);
  }
}

TEST_CASE("fields: a name that is one byte off is another field") {
  for (const auto& [name, id] : all_known) {
    CAPTURE(name);
    std::string changed(name);
    CHECK(identify(changed + "x") == field_id::other);
    CHECK(identify(changed.substr(1)) == field_id::other);
    changed.back() = '_';
    CHECK(identify(changed) == field_id::other);
  }
  CHECK(identify("") == field_id::other);
  CHECK(identify("Transfer_Encoding") == field_id::other);  // FR-5
  CHECK(identify(std::string(1000, 'x')) == field_id::other);
}

TEST_CASE("fields: keeps case, order and repeated lines") {
  fields list;
  list.add("Set-Cookie", "a=1");
  list.add("hOsT", "shop");
  list.add("Set-Cookie", "b=2");
  CHECK(text(list) == "Set-Cookie=a=1;hOsT=shop;Set-Cookie=b=2;");
  CHECK(list.value(field_id::host) == "shop");
  CHECK(list.find("SET-COOKIE")->value == "a=1");
  CHECK(list.find("Set-Cookie2") == nullptr);
  CHECK(list.find(field_id::via) == nullptr);
  CHECK(list.value(field_id::via).empty());
}

TEST_CASE("fields: counts and removes by id") {
  fields list;
  list.add("Via", "1.1 a");
  list.add("X", "1");
  list.add("via", "1.1 b");
  CHECK(list.count(field_id::via) == 2);
  list.remove(field_id::via);
  CHECK(list.count(field_id::via) == 0);
  CHECK(text(list) == "X=1;");
}

TEST_CASE("fields: set replaces the first line in its place and removes the others") {
  fields list;
  list.add("A", "1");
  list.add("TRACEPARENT", "old");
  list.add("B", "2");
  list.add("traceparent", "older");
  list.set(field_id::traceparent, "traceparent", "new");
  CHECK(text(list) == "A=1;TRACEPARENT=new;B=2;");
}

TEST_CASE("fields: set appends what was not there") {
  fields list;
  list.add("A", "1");
  list.set(field_id::via, "Via", "1.1 x");
  CHECK(text(list) == "A=1;Via=1.1 x;");
  CHECK(list.find(field_id::via) != nullptr);
}

TEST_CASE("fields: what was never added cannot be there, what was may be") {
  fields list;
  list.add("A", "1");
  list.add("via", "1.1 x");
  list.add(field_id::te, "TE", "trailers");
  CHECK(list.may_have({field_id::via}));
  CHECK(list.may_have({field_id::te, field_id::expect}));
  CHECK_FALSE(list.may_have({field_id::expect, field_id::upgrade}));
  CHECK_FALSE(list.may_have({}));
  list.remove(field_id::via);
  CHECK_FALSE(list.may_have({field_id::via}));
  CHECK(list.find(field_id::via) == nullptr);
  list.set(field_id::via, "Via", "1.1 y");
  CHECK(list.may_have({field_id::via}));
  CHECK(list.count(field_id::via) == 1);
  list.clear();
  CHECK_FALSE(list.may_have({field_id::via, field_id::te}));
}

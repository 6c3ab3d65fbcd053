// SPDX-License-Identifier: Apache-2.0
#include "http/upgrade.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace sidespan;
using namespace sidespan::http;

namespace {

using lines = std::vector<std::pair<const char*, const char*>>;

struct offer {
  const char* name;
  lines fields;
  const char* expected;  // what is forwarded; nullptr: refused
  version spoken = version::http_1_1;
  body_size content{};
  const char* method = "GET";
};

const body_size nothing{body_size::kind::known, 0};
const body_size three{body_size::kind::known, 3};
const body_size chunked{body_size::kind::unknown, 0};

const std::vector<offer> offers{
    {"CN-2: nominated by Connection", {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}}, "websocket"},
    {"CN-2: among other options", {{"connection", "keep-alive, UPGRADE"}, {"upgrade", "WebSocket"}}, "WebSocket"},
    {"CN-2: no Connection", {{"Upgrade", "websocket"}}, ""},
    {"CN-2: Connection names others", {{"Connection", "close"}, {"Upgrade", "websocket"}}, ""},
    {"CN-2: Connection without Upgrade", {{"Connection", "upgrade"}}, ""},
    {"CN-2: HTTP/1.0", {{"Connection", "upgrade"}, {"Upgrade", "websocket"}}, "", version::http_1_0},
    {"CN-2: lists and lines are one list",
     {{"Connection", "upgrade"}, {"Upgrade", "a/1, b"}, {"Upgrade", "c"}},
     "a/1, b, c"},
    {"CN-2: empty elements", {{"Connection", "upgrade"}, {"Upgrade", ", ,a,"}}, "a"},
    {"CN-2: empty", {{"Connection", "upgrade"}, {"Upgrade", ""}}, ""},
    {"9113 §3.1: h2c is taken out", {{"Connection", "upgrade"}, {"Upgrade", "H2C, a, h2"}}, "a"},
    {"9113 §3.1: h2c alone, also with content",
     {{"Connection", "upgrade"}, {"Upgrade", "h2c"}},
     "",
     version::http_1_1,
     three},
    {"CN-3: content", {{"Connection", "upgrade"}, {"Upgrade", "a"}}, nullptr, version::http_1_1, three},
    {"CN-3: chunked", {{"Connection", "upgrade"}, {"Upgrade", "a"}}, nullptr, version::http_1_1, chunked},
    {"CN-3: Content-Length: 0 is no content",
     {{"Connection", "upgrade"}, {"Upgrade", "a"}},
     "a",
     version::http_1_1,
     nothing},
    {"9110 §7.8: two words", {{"Connection", "upgrade"}, {"Upgrade", "a b"}}, nullptr},
    {"9110 §7.8: no version behind the slash", {{"Connection", "upgrade"}, {"Upgrade", "a/"}}, nullptr},
    {"9110 §7.8: no name before it", {{"Connection", "upgrade"}, {"Upgrade", "/1"}}, nullptr},
    {"9110 §7.8: two slashes", {{"Connection", "upgrade"}, {"Upgrade", "a/1/2"}}, nullptr},
    {"limit: eight protocols", {{"Connection", "upgrade"}, {"Upgrade", "a,b,c,d,e,f,g,h"}}, "a, b, c, d, e, f, g, h"},
    {"limit: nine protocols", {{"Connection", "upgrade"}, {"Upgrade", "a,b,c,d,e,f,g,h,i"}}, nullptr},
    {"a CONNECT is a tunnel of its own",
     {{"Connection", "upgrade"}, {"Upgrade", "a"}},
     "",
     version::http_1_1,
     {},
     "CONNECT"},
};

struct answer {
  const char* name;
  const char* offered;
  lines fields;
  const char* expected;  // nullptr: http_upgrade_failed
};

const std::vector<answer> answers{
    {"CN-2: what was offered", "a, websocket", {{"Connection", "upgrade"}, {"Upgrade", "WebSocket"}}, "WebSocket"},
    {"CN-2: two of those offered", "a, b", {{"Connection", "upgrade"}, {"Upgrade", "b, a"}}, "b"},
    {"RS-7: nothing was offered", "", {{"Connection", "upgrade"}, {"Upgrade", "a"}}, nullptr},
    {"CN-2: something else", "a", {{"Connection", "upgrade"}, {"Upgrade", "b"}}, nullptr},
    {"CN-2: also something else", "a", {{"Connection", "upgrade"}, {"Upgrade", "a, b"}}, nullptr},
    {"CN-2: a longer name", "a", {{"Connection", "upgrade"}, {"Upgrade", "ab"}}, nullptr},
    {"CN-2: another version", "a/1", {{"Connection", "upgrade"}, {"Upgrade", "a/2"}}, nullptr},
    {"CN-2: not nominated", "a", {{"Upgrade", "a"}}, nullptr},
    {"CN-2: no Upgrade", "a", {{"Connection", "upgrade"}}, nullptr},
    {"CN-2: malformed", "a", {{"Connection", "upgrade"}, {"Upgrade", "a b"}}, nullptr},
    {"9113 §3.1: h2c", "a", {{"Connection", "upgrade"}, {"Upgrade", "h2c"}}, nullptr},
};

}  // namespace

TEST_CASE("upgrade: what a request may offer (specs §7.5)") {
  for (const offer& row : offers) {
    INFO(row.name);
    request_head head;
    head.method = row.method;
    head.version = row.spoken;
    for (const auto& [name, value] : row.fields) head.fields.add(name, value);
    base::arena arena;
    const auto read = read_upgrade(head, row.content, arena);
    REQUIRE(read.has_value() == (row.expected != nullptr));
    if (row.expected != nullptr) CHECK(*read == row.expected);
    if (row.expected == nullptr) CHECK(read.error().code() == base::fault_code::http_request_error);
  }
}

TEST_CASE("upgrade: what a 426 demands goes on, without h2c (RFC 9110 15.5.22)") {
  const std::vector<std::pair<lines, const char*>> rows{
      {{{"Connection", "upgrade"}, {"Upgrade", "websocket"}}, "websocket"},
      {{{"Upgrade", "h2c, a/1"}, {"upgrade", "b"}}, "a/1, b"},
      {{{"Upgrade", "h2c"}}, ""},
      {{{"Upgrade", "a b"}}, ""},
      {{}, ""},
  };
  for (const auto& [fields, expected] : rows) {
    INFO(expected);
    response_head head;
    for (const auto& [name, value] : fields) head.fields.add(name, value);
    base::arena arena;
    CHECK(demanded_upgrade(head, arena) == expected);
  }
}

TEST_CASE("upgrade: which 101 may switch (specs §7.5)") {
  for (const answer& row : answers) {
    INFO(row.name);
    response_head head;
    head.status = 101;
    for (const auto& [name, value] : row.fields) head.fields.add(name, value);
    const auto read = read_switch(head, row.offered);
    REQUIRE(read.has_value() == (row.expected != nullptr));
    if (row.expected != nullptr) CHECK(*read == row.expected);
    if (row.expected == nullptr) CHECK(read.error().code() == base::fault_code::http_upgrade_failed);
  }
}

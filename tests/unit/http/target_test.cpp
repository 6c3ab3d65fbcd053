// SPDX-License-Identifier: Apache-2.0
//
// Where a row of the specification allows several outcomes: a port that is empty ("a:") is grammatical and read as
// absent; port 0 is refused (nothing listens there and 0 means absent here); IPvFuture and zone ids are refused.
#include "http/target.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace sidespan;
using namespace sidespan::http;

namespace {

struct accepted {
  const char* rule;
  const char* method;
  const char* target;
  target_form form;
  const char* scheme;
  const char* authority;
  const char* path;
  const char* query;
  bool has_query;
  const char* origin_form;
};

constexpr accepted accepted_targets[] = {
    {"9112 §3.2.1", "GET", "/", target_form::origin, "", "", "/", "", false, "/"},
    {"9112 §3.2.1", "GET", "/where?q=now", target_form::origin, "", "", "/where", "q=now", true, "/where?q=now"},
    {"9112 §3.2.1", "GET", "/?", target_form::origin, "", "", "/", "", true, "/?"},
    {"9112 §3.2.1", "GET", "/a?b?c=/d", target_form::origin, "", "", "/a", "b?c=/d", true, "/a?b?c=/d"},
    {"H1-6", "GET", "//a//b/../%2e%zz", target_form::origin, "", "", "//a//b/../%2e%zz", "", false, "//a//b/../%2e%zz"},
    {"H1-6", "GET", "/{a}|b\\^`\"<>[]", target_form::origin, "", "", "/{a}|b\\^`\"<>[]", "", false, "/{a}|b\\^`\"<>[]"},
    {"H1-6", "GET", "/a:b@c", target_form::origin, "", "", "/a:b@c", "", false, "/a:b@c"},
    {"H1-10", "brew", "/pot", target_form::origin, "", "", "/pot", "", false, "/pot"},
    {"H1-4", "GET", "http://shop:81/a?b", target_form::absolute, "http", "shop:81", "/a", "b", true, "/a?b"},
    {"H1-4", "GET", "HTTPS://SHOP/", target_form::absolute, "HTTPS", "SHOP", "/", "", false, "/"},
    {"H1-6", "GET", "http://shop", target_form::absolute, "http", "shop", "/", "", false, "/"},
    {"9112 §3.2.1", "GET", "http://shop?a/b", target_form::absolute, "http", "shop", "/", "a/b", true, "?a/b"},
    {"H1-5", "OPTIONS", "http://shop", target_form::absolute, "http", "shop", "/", "", false, "*"},
    {"H1-5", "OPTIONS", "http://shop/", target_form::absolute, "http", "shop", "/", "", false, "/"},
    {"H1-5", "OPTIONS", "http://shop?x", target_form::absolute, "http", "shop", "/", "x", true, "?x"},
    {"9112 §3.2.2", "GET", "http://[::1]:8080/x", target_form::absolute, "http", "[::1]:8080", "/x", "", false, "/x"},
    {"H1-5", "OPTIONS", "*", target_form::asterisk, "", "", "*", "", false, "*"},
    {"H1-7", "CONNECT", "shop:443", target_form::authority, "", "shop:443", "", "", false, ""},
    {"H1-7", "CONNECT", "[2001:db8::1]:443", target_form::authority, "", "[2001:db8::1]:443", "", "", false, ""},
};

struct refused {
  const char* rule;
  const char* method;
  std::string target;
};

const refused refused_targets[] = {
    {"9112 §3.2", "GET", ""},
    {"H1-6 fragment", "GET", "/a#b"},
    {"H1-6 fragment", "GET", "http://shop/#b"},
    {"H1-6 space", "GET", "/a b"},
    {"H1-6 tab", "GET", "/a\tb"},
    {"H1-6 DEL", "GET", "/a\x7f"},
    {"H1-6 NUL", "GET", std::string("/a\0b", 4)},
    {"H1-6 CR", "GET", "/a\rb"},
    {"H1-6 non-ASCII", "GET", "/caf\xc3\xa9"},
    {"H1-5", "GET", "*"},
    {"H1-5", "options", "*"},
    {"H1-5", "OPTIONS", "*/"},
    {"9112 §3.2", "GET", "a"},
    {"9112 §3.2", "GET", "?q"},
    {"9112 §3.2", "GET", "shop:80"},
    {"9112 §3.2.2", "GET", "http:/shop/"},
    {"9112 §3.2.2", "GET", "://shop/"},
    {"9112 §3.2.2", "GET", "1http://shop/"},
    {"9112 §3.2.2", "GET", "ht_tp://shop/"},
    {"9110 §4.2.1 empty host", "GET", "http:///a"},
    {"9110 §4.2.1 empty host", "GET", "http://:80/a"},
    {"9110 §4.2.4 userinfo", "GET", "http://user@shop/"},
    {"9110 §4.2.4 userinfo", "GET", "http://user:pw@shop/"},
    {"H1-7 port", "CONNECT", "shop"},
    {"H1-7 port", "CONNECT", "shop:"},
    {"H1-7 port", "CONNECT", "shop:0"},
    {"H1-7 form", "CONNECT", "/"},
    {"H1-7 form", "CONNECT", "http://shop:443/"},
    {"H1-7 form", "CONNECT", "user@shop:443"},
    {"H1-7 form", "CONNECT", "*"},
};

struct authority_row {
  const char* text;
  const char* host;  // nullptr: refused
  int port;
};

constexpr authority_row authorities[] = {
    {"shop", "shop", 0},
    {"shop:80", "shop", 80},
    {"shop:", "shop", 0},
    {"shop:65535", "shop", 65535},
    {"shop:00080", "shop", 80},
    {"127.0.0.1:9001", "127.0.0.1", 9001},
    {"a-b_c.d~e", "a-b_c.d~e", 0},
    {"a%20b", "a%20b", 0},
    {"[::1]", "::1", 0},
    {"[2001:db8::1]:4711", "2001:db8::1", 4711},
    {"[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1},
    {"", nullptr, 0},
    {":80", nullptr, 0},
    {"shop:65536", nullptr, 0},
    {"shop:99999999999999999999999", nullptr, 0},
    {"shop:0", nullptr, 0},
    {"shop:-1", nullptr, 0},
    {"shop:+80", nullptr, 0},
    {"shop:8o", nullptr, 0},
    {"shop: 80", nullptr, 0},
    {"shop :80", nullptr, 0},
    {"shop:80:81", nullptr, 0},
    {"user@shop", nullptr, 0},
    {"shop/path", nullptr, 0},
    {"shop?q", nullptr, 0},
    {"shop, other", nullptr, 0},
    {"a b", nullptr, 0},
    {"a%2", nullptr, 0},
    {"a%", nullptr, 0},
    {"a%g0", nullptr, 0},
    {"caf\xc3\xa9", nullptr, 0},
    {"\x01", nullptr, 0},
    {"[::1", nullptr, 0},
    {"::1]", nullptr, 0},
    {"::1", nullptr, 0},
    {"[]", nullptr, 0},
    {"[::1]80", nullptr, 0},
    {"[::1]880", nullptr, 0},
    {"[::1]x", nullptr, 0},
    {"a%2g", nullptr, 0},
    {"[[::1]]", nullptr, 0},
    {"[::1%25eth0]", nullptr, 0},
    {"[v1.x]", nullptr, 0},
    {"[1::2::3]", nullptr, 0},
    {"[127.0.0.1]", nullptr, 0},
    {"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]", nullptr, 0},
};

}  // namespace

TEST_CASE("target: takes every form apart and changes no byte") {
  for (const accepted& row : accepted_targets) {
    CAPTURE(row.rule, row.method, row.target);
    const auto parts = parse_target(row.method, row.target);
    REQUIRE(parts);
    CHECK(parts->form == row.form);
    CHECK(parts->scheme == row.scheme);
    CHECK(parts->authority == row.authority);
    CHECK(parts->path == row.path);
    CHECK(parts->query == row.query);
    CHECK(parts->has_query == row.has_query);
    CHECK(parts->origin_form == row.origin_form);
  }
}

TEST_CASE("target: refuses what no form allows") {
  for (const refused& row : refused_targets) {
    CAPTURE(row.rule, row.method, row.target);
    const auto parts = parse_target(row.method, row.target);
    REQUIRE_FALSE(parts);
    CHECK(parts.error() ==
          base::fault(base::fault_code::http_request_error, base::side::downstream, base::stage::parse));
  }
}

TEST_CASE("target: every control, space and high byte is refused at every place") {
  for (int byte = 0; byte < 256; ++byte) {
    const bool visible = byte > 0x20 && byte < 0x7f && byte != '#';
    for (const std::size_t place : {std::size_t{1}, std::size_t{2}, std::size_t{4}}) {
      std::string target = "/abc?d";
      target[place] = static_cast<char>(byte);
      CAPTURE(byte, place);
      CHECK(parse_target("GET", target).has_value() == visible);
    }
  }
}

TEST_CASE("authority: host and port (RFC 9110 §7.2, RFC 3986 §3.2)") {
  for (const authority_row& row : authorities) {
    CAPTURE(row.text);
    const auto parts = parse_authority(row.text);
    REQUIRE(parts.has_value() == (row.host != nullptr));
    if (row.host == nullptr) continue;
    CHECK(parts->host == row.host);
    CHECK(parts->port == row.port);
  }
}

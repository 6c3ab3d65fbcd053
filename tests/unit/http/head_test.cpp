// SPDX-License-Identifier: Apache-2.0
#include "http/head.hpp"

#include <catch2/catch.hpp>

using namespace sidespan::http;

TEST_CASE("head: versions are named as in Via") {
  CHECK(name(version::http_1_0) == "1.0");
  CHECK(name(version::http_1_1) == "1.1");
  CHECK(name(version::http_2) == "2");
}

TEST_CASE("head: responses that never have content (RFC 9112 §6.3)") {
  CHECK(response_has_no_content("HEAD", 200));
  CHECK(response_has_no_content("GET", 100));
  CHECK(response_has_no_content("GET", 199));
  CHECK(response_has_no_content("GET", 204));
  CHECK(response_has_no_content("GET", 304));
  CHECK_FALSE(response_has_no_content("GET", 200));
  CHECK_FALSE(response_has_no_content("GET", 205));
  CHECK_FALSE(response_has_no_content("GET", 303));
  CHECK_FALSE(response_has_no_content("head", 200));  // methods are case-sensitive
}

TEST_CASE("head: a body of zero bytes is not present") {
  CHECK_FALSE(body_size{}.present());
  CHECK_FALSE(body_size{body_size::kind::known, 0}.present());
  CHECK(body_size{body_size::kind::known, 1}.present());
  CHECK(body_size{body_size::kind::unknown, 0}.present());
  CHECK(body_size{body_size::kind::until_close, 0}.present());
}

TEST_CASE("head: clear leaves nothing of the last message") {
  request_head request{"GET", "/", version::http_1_0, {}};
  request.fields.add("A", "1");
  request.clear();
  CHECK((request.method.empty() && request.target.empty() && request.fields.empty()));
  CHECK(request.version == version::http_1_1);
  response_head response{404, "Not Found", version::http_1_0, {}};
  response.fields.add("A", "1");
  response.clear();
  CHECK((response.status == 0 && response.reason.empty() && response.fields.empty()));
  CHECK(response.version == version::http_1_1);
}

// SPDX-License-Identifier: Apache-2.0
#include "trace/redact.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "trace/settings.hpp"

using namespace sidespan;

namespace {

std::string redacted(std::string_view query,
                     const std::vector<std::string>& keys = trace::settings{}.redacted_query_keys) {
  trace::bounded_text out;
  trace::append_redacted_query(out, query, keys);
  return std::string(out.view());
}

std::string url(const trace::url_parts& parts) {
  trace::bounded_text out;
  trace::append_url(out, parts);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("redact: each listed key, case-sensitively, key kept (SC-30)") {
  const std::string name = GENERATE("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "AWSAccessKeyId",
                                    "Signature", "sig", "X-Goog-Signature");
  CHECK(redacted(name + "=secret") == name + "=REDACTED");
  CHECK(redacted("a=1&" + name + "=secret&b=2") == "a=1&" + name + "=REDACTED&b=2");
  CHECK(redacted("x" + name + "=open") == "x" + name + "=open");
  CHECK(redacted(name + "x=open") == name + "x=open");
}

TEST_CASE("redact: queries") {
  struct vector {
    std::string in, out;
  };
  const auto row = GENERATE(values<vector>({
      {"", ""},
      {"a=1", "a=1"},
      {"SIG=open", "SIG=open"},
      {"signature=open", "signature=open"},
      {"sig", "sig"},
      {"sig=", "sig=REDACTED"},
      {"sig=a=b", "sig=REDACTED"},
      {"sig=1&sig=2", "sig=REDACTED&sig=REDACTED"},
      {"&&sig=1&", "&&sig=REDACTED&"},
      {"a=sig=1", "a=sig=1"},
      {"a=1;sig=2", "a=1;sig=2"},
      {"&", "&"},
      {"=", "="},
  }));
  CAPTURE(row.in);
  CHECK(redacted(row.in) == row.out);
}

TEST_CASE("redact: the list can be replaced, also by none") {
  CHECK(redacted("sig=1&token=2", {"token"}) == "sig=1&token=REDACTED");
  CHECK(redacted("sig=1", {}) == "sig=1");
}

TEST_CASE("redact: a query without listed keys is unchanged, byte for byte") {
  std::mt19937 random(4);
  const std::string alphabet = "sig=&;aX%3";
  for (int i = 0; i < 20000; ++i) {
    std::string query;
    for (auto n = random() % 16; n > 0; --n) query += alphabet[random() % alphabet.size()];
    const std::string out = redacted(query);
    const bool has_secret = ("&" + query).find("&sig=") != std::string::npos;
    REQUIRE((out == query) == !has_secret);
  }
}

TEST_CASE("url: scheme, host, port unless default, path") {
  struct vector {
    trace::url_parts in;
    std::string out;
  };
  const auto row = GENERATE(values<vector>({
      {{"http", "shop", 0, "/a"}, "http://shop/a"},
      {{"http", "shop", 80, "/a"}, "http://shop/a"},
      {{"http", "shop", 443, "/a"}, "http://shop:443/a"},
      {{"https", "shop", 443, "/"}, "https://shop/"},
      {{"https", "shop", 80, "/"}, "https://shop:80/"},
      {{"http", "shop", 65535, "/a%2Fb"}, "http://shop:65535/a%2Fb"},
      {{"http", "::1", 8080, "/"}, "http://[::1]:8080/"},
      {{"http", "::1", 80, "/"}, "http://[::1]/"},
      {{"http", "user:pass@shop", 0, "/"}, "http://REDACTED:REDACTED@shop/"},
      {{"http", "user@shop", 81, "/"}, "http://REDACTED:REDACTED@shop:81/"},
      {{"http", "a@b@shop", 0, "/"}, "http://REDACTED:REDACTED@shop/"},
      {{"http", "shop", 0, "*"}, "http://shop"},
      {{"http", "shop", 0, ""}, "http://shop"},
  }));
  CAPTURE(row.out);
  CHECK(url(row.in) == row.out);
}

TEST_CASE("bounded text: what does not fit is left out") {
  trace::bounded_text out;
  out.append(std::string(4090, 'a'));
  out.append("0123456789abcdef");
  CHECK(out.view() == std::string(4090, 'a') + "0123456789");
  out.append("more");
  CHECK(out.view().size() == 4100);
}

// SPDX-License-Identifier: Apache-2.0
#include "http/hop_by_hop.hpp"

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <utility>

using namespace sidespan;
using namespace sidespan::http;

namespace {

fields make(std::initializer_list<std::pair<std::string_view, std::string_view>> lines) {
  fields out;
  for (const auto& [name, value] : lines) out.add(name, value);
  return out;
}

std::string names(const fields& list) {
  std::string out;
  for (const field& line : list) out.append(out.empty() ? "" : " ").append(line.name);
  return out;
}

}  // namespace

TEST_CASE("hop-by-hop: always removes the fields of one connection (H1-25)") {
  fields list = make({{"Host", "a"},
                      {"Connection", "keep-alive"},
                      {"Proxy-Connection", "keep-alive"},
                      {"Keep-Alive", "timeout=5"},
                      {"TE", "trailers"},
                      {"Transfer-Encoding", "chunked"},
                      {"Upgrade", "websocket"},
                      {"HTTP2-Settings", "AAMAAABk"},
                      {"Proxy-Authenticate", "Basic"},
                      {"Proxy-Authorization", "Basic YTpi"},
                      {"Trailer", "Grpc-Status"},
                      {"Content-Length", "5"},
                      {"Accept", "*/*"}});
  REQUIRE(remove_hop_by_hop(list));
  CHECK(names(list) == "Host Trailer Content-Length Accept");
}

TEST_CASE("hop-by-hop: removes them without a Connection line too") {
  fields list = make({{"A", "1"}, {"upgrade", "h2c"}, {"te", "gzip"}});
  REQUIRE(remove_hop_by_hop(list));
  CHECK(names(list) == "A");
}

TEST_CASE("hop-by-hop: removes what any Connection line nominates, in any case (H1-24)") {
  fields list = make({{"X-One", "1"},
                      {"connection", " X-ONE ,, close,x-two"},
                      {"x-two", "2"},
                      {"X-Two", "3"},
                      {"CONNECTION", "x-three"},
                      {"X-Three", "4"},
                      {"X-Four", "5"}});
  REQUIRE(remove_hop_by_hop(list));
  CHECK(names(list) == "X-Four");
}

TEST_CASE("hop-by-hop: a nominated trace context is removed, sidespan adds its own afterwards (H1-26)") {
  fields list = make({{"Connection", "traceparent, authorization"}, {"traceparent", "00-x"}, {"Authorization", "b"}});
  REQUIRE(remove_hop_by_hop(list));
  CHECK(list.empty());
}

TEST_CASE("hop-by-hop: refuses to lose what frames or routes the message (H1-26)") {
  for (const std::string_view name : {"Host", "content-length", "TRANSFER-ENCODING", "close, host"}) {
    CAPTURE(name);
    fields list = make({{"Connection", name}, {"Host", "a"}});
    const auto request = remove_hop_by_hop(list);
    REQUIRE_FALSE(request);
    CHECK(request.error() ==
          base::fault(base::fault_code::http_request_error, base::side::downstream, base::stage::parse));
    CHECK(list.size() == 2);
    const auto response = remove_hop_by_hop(list, base::side::upstream);
    REQUIRE_FALSE(response);
    CHECK(response.error() ==
          base::fault(base::fault_code::http_protocol_error, base::side::upstream, base::stage::read_head));
  }
}

TEST_CASE("hop-by-hop: more nominations than 32 are refused") {
  std::string value;
  for (int i = 0; i < 32; ++i) value.append("x").append(std::to_string(i)).append(",");
  fields most = make({{"Connection", value}, {"X31", "1"}});
  REQUIRE(remove_hop_by_hop(most));
  CHECK(most.empty());
  value.append("x32");
  fields over = make({{"Connection", value}});
  CHECK_FALSE(remove_hop_by_hop(over));
}

TEST_CASE("hop-by-hop: connection_has finds whole options only") {
  const fields list = make({{"Connection", "keep-alive, Upgrade"}, {"X", "close"}, {"connection", "not-close"}});
  CHECK(connection_has(list, "upgrade"));
  CHECK(connection_has(list, "KEEP-ALIVE"));
  CHECK_FALSE(connection_has(list, "close"));
  CHECK_FALSE(connection_has(make({{"Connection", "closed, close-it"}}), "close"));
  CHECK_FALSE(connection_has(make({}), "close"));
}

TEST_CASE("hop-by-hop: names forbidden in trailers (RFC 9110 §6.5.1, FR-13)") {
  for (const auto* name : {"Content-Length", "transfer-encoding", "HOST", "Authorization", "Content-Type", "Trailer",
                           "Set-Cookie", "Cookie", "Connection", "TE", "Upgrade", "X-Forwarded-For", "traceparent",
                           "Content-Encoding", "Cache-Control", "If-Match"}) {
    CAPTURE(name);
    CHECK(forbidden_in_trailers(name));
  }
  for (const auto* name : {"grpc-status", "grpc-message", "Server-Timing", "ETag", "Digest", "Content-Lengt", ""}) {
    CAPTURE(name);
    CHECK_FALSE(forbidden_in_trailers(name));
  }
}

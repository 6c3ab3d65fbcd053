// SPDX-License-Identifier: Apache-2.0
#include "otlp/channel.hpp"

#include <catch2/catch.hpp>

namespace sidespan::otlp {
namespace {

exporter_settings to(const std::string& endpoint, const std::string& ca_file = "") {
  exporter_settings out;
  out.endpoint = endpoint;
  out.ca_file = ca_file;
  return out;
}

std::string refusal(const metadata& headers) {
  try {
    checked_metadata(headers);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return {};
}

TEST_CASE("collector address: host and port of the endpoint") {
  const auto [endpoint, authority] = GENERATE(table<std::string, std::string>({
      {"http://localhost:4317", "localhost:4317"},
      {"http://collector", "collector:4317"},
      {"http://collector:4317/", "collector:4317"},
      {"http://collector/v1/traces", "collector:4317"},
      {"http://127.0.0.1:1", "127.0.0.1:1"},
      {"http://[::1]:4317", "[::1]:4317"},
      {"http://[::1]", "[::1]:4317"},
      {"https://collector:443", "collector:443"},
  }));
  CHECK(collector_address(to(endpoint)).authority() == authority);
}

TEST_CASE("collector address: what is no endpoint is refused by name") {
  const std::string endpoint = GENERATE("", "localhost:4317", "ftp://x:1", "http://", "http://:4317", "http:///x");
  CHECK_THROWS_WITH(collector_address(to(endpoint)), Catch::Contains("endpoint") && Catch::Contains(endpoint));
}

TEST_CASE("collector address: an unreadable CA file is refused by name, and only with https") {
  CHECK_THROWS_WITH(collector_address(to("https://x:1", "/nowhere/ca.pem")), Catch::Contains("/nowhere/ca.pem"));
  CHECK_NOTHROW(collector_address(to("http://x:1", "/nowhere/ca.pem")));
}

TEST_CASE("metadata: names in lower case, order and repeats kept") {
  const metadata out = checked_metadata({{"X-Api-Key", "Secret"}, {"authorization", "Bearer a b"}, {"x-api-key", ""}});
  CHECK(out == metadata{{"x-api-key", "Secret"}, {"authorization", "Bearer a b"}, {"x-api-key", ""}});
}

TEST_CASE("metadata: what gRPC would not send is refused at start-up") {
  const std::string name =
      GENERATE("trace-bin", "Trace-BIN", "grpc-timeout", "user-agent", "Host", "te", ":path", "", "a b", "caf\xe9");
  CHECK(refusal({{name, "value"}}).find("collector header") == 0);
}

TEST_CASE("metadata: a bad value is refused without being shown") {
  const std::string why = refusal({{"x-key", "se\ncret"}});
  CHECK(why.find("x-key") != std::string::npos);
  CHECK(why.find("cret") == std::string::npos);
}

}  // namespace
}  // namespace sidespan::otlp

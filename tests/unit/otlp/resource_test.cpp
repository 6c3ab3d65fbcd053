// SPDX-License-Identifier: Apache-2.0
#include "otlp/resource.hpp"

#include <catch2/catch.hpp>

#include "base/version.hpp"
#include "opentelemetry/proto/resource/v1/resource.pb.h"
#include "otlp/identity.hpp"

namespace sidespan::otlp {
namespace {

class counting_random final : public base::random_source {
 public:
  std::uint64_t next() override { return state_ += 0x9e3779b97f4a7c15ULL; }

 private:
  std::uint64_t state_ = 0;
};

std::map<std::string, std::string> attributes(const resource_settings& settings) {
  counting_random random;
  return resource_attributes(settings, random);
}

TEST_CASE("resource: what every resource must say (specs 4.3)") {
  resource_settings s;
  s.service = "cart";
  const auto out = attributes(s);
  CHECK(out.size() == 5);
  CHECK(out.at("service.name") == "cart");
  CHECK(out.at("telemetry.sdk.language") == "cpp");
  CHECK(out.at("telemetry.sdk.name") == "sidespan");
  CHECK(out.at("telemetry.sdk.version") == base::version());
  CHECK(out.at("service.instance.id").size() == 36);
}

TEST_CASE("resource: configured attributes come on top and override, the last one wins") {
  resource_settings s;
  s.service = "cart";
  s.attributes = {{"service.instance.id", "pod-7"}, {"env", "dev"}, {"env", "prod"}, {"service.name", "basket"}};
  const auto out = attributes(s);
  CHECK(out.at("service.instance.id") == "pod-7");
  CHECK(out.at("env") == "prod");
  CHECK(out.at("service.name") == "basket");
  CHECK(out.size() == 6);
}

TEST_CASE("resource: two processes have different instance ids") {
  base::system_random random;
  CHECK(make_uuid(random) != make_uuid(random));
}

TEST_CASE("resource: the instance id is a random UUID (RFC 9562 5.4)") {
  counting_random random;
  for (int round = 0; round < 50; ++round) {
    const std::string id = make_uuid(random);
    REQUIRE(id.size() == 36);
    for (std::size_t i = 0; i < id.size(); ++i) {
      const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
      CHECK((dash ? id[i] == '-' : std::string("0123456789abcdef").find(id[i]) != std::string::npos));
    }
    CHECK(id[14] == '4');
    CHECK(std::string("89ab").find(id[19]) != std::string::npos);
  }
}

TEST_CASE("resource: what is not UTF-8 is made so, because one bad byte would spoil every request") {
  resource_settings s;
  s.service = "caf\xe9";
  s.attributes = {{"k\xff", "\xff\xff\xff\xff"}};
  opentelemetry::proto::resource::v1::Resource parsed;
  const auto out = attributes(s);
  REQUIRE(parsed.ParseFromString(render_resource(out)));
  CHECK(out.at("service.name") == "caf\xef\xbf\xbd");
  CHECK(out.at("k\xef\xbf\xbd") == "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("resource: renders what protobuf reads, long values and none included") {
  const std::map<std::string, std::string> given = {
      {"a", ""}, {"b", std::string(127, 'x')}, {std::string(200, 'k'), std::string(20000, 'y')}};
  const std::string bytes = render_resource(given);
  opentelemetry::proto::resource::v1::Resource parsed;
  REQUIRE(parsed.ParseFromString(bytes));
  CHECK(parsed.ByteSizeLong() == bytes.size());
  std::map<std::string, std::string> read;
  for (const auto& one : parsed.attributes()) read[one.key()] = one.value().string_value();
  CHECK(read == given);
  CHECK(render_resource({}).empty());
}

}  // namespace
}  // namespace sidespan::otlp

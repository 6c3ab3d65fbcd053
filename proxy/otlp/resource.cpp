// SPDX-License-Identifier: Apache-2.0
#include "otlp/resource.hpp"

#include <array>
#include <cstdint>

#include "base/protobuf.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "otlp/identity.hpp"
#include "trace/utf8.hpp"

namespace sidespan::otlp {
namespace {

namespace wire = base::protobuf;

std::string valid(std::string_view text) {
  std::string out;
  trace::append_utf8(out, text, text.size() * 3);  // U+FFFD has three bytes
  return out;
}

/// A KeyValue with a string value, as field `field` of its parent.
void append_text(std::string& out, std::uint32_t field, std::string_view key, std::string_view value) {
  const std::size_t any = wire::bytes_size(1, value.size());
  const std::size_t pair = wire::bytes_size(1, key.size()) + wire::bytes_size(2, any);
  const std::size_t before = out.size();
  out.resize(before + wire::bytes_size(field, pair));
  wire::writer to(reinterpret_cast<std::uint8_t*>(out.data()) + before);
  to.message(field, pair);
  to.bytes(1, key);
  to.message(2, any);
  to.bytes(1, value);
}

}  // namespace

std::map<std::string, std::string> resource_attributes(const resource_settings& settings, base::random_source& random) {
  std::map<std::string, std::string> out;
  out["service.name"] = valid(settings.service);
  out["service.instance.id"] = make_uuid(random);
  out["telemetry.sdk.language"] = "cpp";
  out["telemetry.sdk.name"] = program_name;
  out["telemetry.sdk.version"] = base::version();
  for (const auto& [key, value] : settings.attributes) out[valid(key)] = valid(value);
  return out;
}

std::string render_resource(const std::map<std::string, std::string>& attributes) {
  std::string out;
  for (const auto& [key, value] : attributes) append_text(out, 1, key, value);
  return out;
}

std::string make_uuid(base::random_source& random) {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    const std::uint64_t bits = random.next();
    std::memcpy(&bytes[i], &bits, sizeof(bits));
  }
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);  // version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);  // variant 10
  std::string text = base::to_hex(bytes);
  for (const std::size_t at : {8, 13, 18, 23}) text.insert(at, 1, '-');
  return text;
}

}  // namespace sidespan::otlp

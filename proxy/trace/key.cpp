// SPDX-License-Identifier: Apache-2.0
#include "trace/key.hpp"

#include <algorithm>
#include <array>

namespace sidespan::trace {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, static_cast<std::size_t>(key::count_)> names{
    "client.address",
    "error.type",
    "http.request.body.size",
    "http.request.method",
    "http.request.method_original",
    "http.request.resend_count",
    "http.response.body.size",
    "http.response.status_code",
    "http.route",
    "network.peer.address",
    "network.peer.port",
    "network.protocol.version",
    "network.transport",
    "server.address",
    "server.port",
    "url.full",
    "url.path",
    "url.query",
    "url.scheme",
    "url.template",
    "user_agent.original",
    "sidespan.connection_reused",
    "sidespan.downstream_closed",
    "sidespan.leg",
    "sidespan.link.type",
    "sidespan.parent.candidates",
    "sidespan.parent.confidence",
    "sidespan.parent.method",
    "sidespan.phase.connect_ns",
    "sidespan.phase.first_byte_ns",
    "sidespan.phase.last_byte_ns",
    "sidespan.phase.request_sent_ns",
    "sidespan.phase.resolve_ns",
    "sidespan.tunnel.bytes_down",
    "sidespan.tunnel.bytes_up",
    "sidespan.tunnel.end",
    "sidespan.tunnel.kind",
    "sidespan.tunnel.protocol",
    "sidespan.upstream.endpoint",
};
static_assert(!names.back().empty(), "every key has a name");

constexpr std::size_t framing = 3;  // tag and length of the key, tag of the value
static_assert(std::all_of(names.begin(), names.end(),
                          [](std::string_view name) { return name.size() + framing <= key_bytes::room; }));

/// KeyValue: 1 key, 2 value.
constexpr key_bytes encode(std::string_view name) noexcept {
  key_bytes out{};
  out.bytes[0] = 1 << 3 | 2;
  out.bytes[1] = static_cast<std::uint8_t>(name.size());
  std::transform(name.begin(), name.end(), out.bytes + 2, [](char c) { return static_cast<std::uint8_t>(c); });
  out.bytes[name.size() + 2] = 2 << 3 | 2;
  out.size = static_cast<std::uint8_t>(name.size() + framing);
  return out;
}

}  // namespace

std::string_view name(key value) noexcept { return names[static_cast<std::size_t>(value)]; }

constinit const std::array<key_bytes, names.size()> key_table = [] {
  std::array<key_bytes, names.size()> out{};
  std::transform(names.begin(), names.end(), out.begin(), encode);
  return out;
}();

}  // namespace sidespan::trace

// SPDX-License-Identifier: Apache-2.0
#include "trace/record.hpp"

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
    "sidespan.tunnel.bytes_down",
    "sidespan.tunnel.bytes_up",
    "sidespan.tunnel.end",
    "sidespan.tunnel.kind",
    "sidespan.tunnel.protocol",
};
static_assert(!names.back().empty(), "every key has a name");

}  // namespace

std::string_view name(key value) noexcept { return names[static_cast<std::size_t>(value)]; }

const attribute* record::find(key wanted) const noexcept {
  const auto found =
      std::find_if(attributes.begin(), attributes.end(), [wanted](const attribute& a) { return a.key == wanted; });
  return found == attributes.end() ? nullptr : &*found;
}

}  // namespace sidespan::trace

// SPDX-License-Identifier: Apache-2.0
#include "otlp/envelope.hpp"

#include <string_view>

#include "base/protobuf.hpp"
#include "base/version.hpp"
#include "otlp/identity.hpp"

namespace sidespan::otlp {
namespace {

namespace wire = base::protobuf;

std::string render(std::uint32_t field, std::string_view bytes) {
  std::string out(wire::bytes_size(field, bytes.size()), '\0');
  wire::writer(reinterpret_cast<std::uint8_t*>(out.data())).bytes(field, bytes);
  return out;
}

}  // namespace

// Field numbers of ResourceSpans and ScopeSpans: 1 resource or scope, 2 scope_spans or spans, 3 schema_url.
envelope::envelope(const std::string& resource)
    : resource_(render(1, resource)),
      scope_(render(1, render(1, program_name) + render(2, base::version()))),
      schema_(render(3, schema_url)),
      back_(schema_ + schema_) {}

std::string envelope::front(std::size_t spans) const {
  const std::size_t in_scope = scope_.size() + spans + schema_.size();
  const std::size_t in_resource = resource_.size() + wire::bytes_size(2, in_scope) + schema_.size();
  std::string out(wire::bytes_size(1, in_resource) - (spans + back_.size()), '\0');
  wire::writer to(reinterpret_cast<std::uint8_t*>(out.data()));
  to.message(1, in_resource);
  to.raw(resource_);
  to.message(2, in_scope);
  to.raw(scope_);
  return out;
}

}  // namespace sidespan::otlp

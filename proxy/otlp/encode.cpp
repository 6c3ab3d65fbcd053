// SPDX-License-Identifier: Apache-2.0
#include "otlp/encode.hpp"

#include <cassert>
#include <string_view>

#include "base/version.hpp"
#include "otlp/encode_span.hpp"
#include "otlp/identity.hpp"
#include "otlp/wire.hpp"

namespace sidespan::otlp {
namespace {

std::string render(std::uint32_t field, std::string_view bytes) {
  std::string out(wire::bytes_size(field, bytes.size()), '\0');
  wire::writer(reinterpret_cast<std::uint8_t*>(out.data())).bytes(field, bytes);
  return out;
}

}  // namespace

// Field numbers of ResourceSpans and ScopeSpans: 1 resource or scope, 2 scope_spans or spans, 3 schema_url.
encoder::encoder(const std::string& resource, std::size_t max_bytes)
    : resource_(render(1, resource)),
      scope_(render(1, render(1, program_name) + render(2, base::version()))),
      schema_(render(3, schema_url)),
      max_bytes_(max_bytes) {}

void encoder::close(plan& plan, std::size_t spans) const noexcept {
  plan.scope_bytes = scope_.size() + spans + schema_.size();
  plan.resource_bytes = resource_.size() + wire::bytes_size(2, plan.scope_bytes) + schema_.size();
  plan.bytes = spans == 0 ? 0 : wire::bytes_size(1, plan.resource_bytes);
}

encoder::plan encoder::measure(std::span<const trace::record> records) const {
  plan out;
  out.span_sizes.reserve(records.size());
  // Tags and lengths of the two enclosing messages have at most 6 bytes each.
  const std::size_t fixed = resource_.size() + scope_.size() + 2 * schema_.size() + 12;
  const std::size_t room = max_bytes_ > fixed ? max_bytes_ - fixed : 0;
  std::size_t spans = 0;
  for (const trace::record& record : records) {
    const std::size_t size = span_size(record);
    const std::size_t field = wire::bytes_size(2, size);
    if (field > room) {
      out.span_sizes.push_back(0);
      ++out.oversized;
      continue;
    }
    if (field > room - spans) break;
    spans += field;
    out.span_sizes.push_back(static_cast<std::uint32_t>(size));
  }
  close(out, spans);
  return out;
}

void encoder::write(std::span<const trace::record> records, const plan& plan, std::uint8_t* memory) const {
  wire::writer to(memory);
  to.message(1, plan.resource_bytes);
  to.raw(resource_);
  to.message(2, plan.scope_bytes);
  to.raw(scope_);
  for (std::size_t i = 0; i < plan.span_sizes.size(); ++i) {
    if (plan.span_sizes[i] == 0) continue;
    to.message(2, plan.span_sizes[i]);
    write_span(records[i], to);
  }
  to.raw(schema_);
  to.raw(schema_);
  assert(to.at() == memory + plan.bytes);
}

}  // namespace sidespan::otlp

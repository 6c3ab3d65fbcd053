// SPDX-License-Identifier: Apache-2.0
#include "trace/propagate.hpp"

#include "trace/traceparent.hpp"
#include "trace/tracestate.hpp"

namespace sidespan::trace {
namespace {

std::string state_of(const http::fields& from) {
  tracestate list;
  for (const http::field& line : from) {
    if (line.id == http::field_id::tracestate && !list.add_line(line.value)) return {};  // TC-31: the rest is unharmed
  }
  return list.join();
}

}  // namespace

std::optional<context> extract(const http::fields& from, bool* present) {
  if (present != nullptr) *present = false;
  if (!from.may_have({http::field_id::traceparent})) return std::nullopt;
  const http::field* only = nullptr;
  std::size_t lines = 0;
  for (const http::field& line : from) {
    if (line.id != http::field_id::traceparent) continue;
    only = &line;
    ++lines;
  }
  if (present != nullptr) *present = lines != 0;
  if (lines != 1) return std::nullopt;  // TC-2
  const auto parsed = parse_traceparent(only->value);
  if (!parsed) return std::nullopt;  // TC-11, TC-30: tracestate is not even read
  context out;
  out.trace = parsed->trace;
  out.span = parsed->parent;
  out.flags = parsed->flags;
  out.state = state_of(from);
  out.remote = true;
  return out;
}

void inject(const context& self, http::fields& to, base::arena& arena) {
  to.remove(http::field_id::traceparent);  // TC-26
  to.remove(http::field_id::tracestate);
  if (!self.valid()) return;
  char* text = arena.allocate(traceparent_size);
  write_traceparent({self.trace, self.span, self.flags}, text);
  to.add(http::field_id::traceparent, "traceparent", {text, traceparent_size});                       // TC-20
  if (!self.state.empty()) to.add(http::field_id::tracestate, "tracestate", arena.copy(self.state));  // TC-40
}

}  // namespace sidespan::trace

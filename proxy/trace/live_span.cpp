// SPDX-License-Identifier: Apache-2.0
#include "trace/live_span.hpp"

#include <algorithm>
#include <utility>

namespace sidespan::trace {

static_assert(static_cast<unsigned>(key::count_) <= 64, "one bit per key in present_");

live_span::live_span(sink& out, const base::clock& clock, span_kind kind, context self, span_id parent,
                     bool parent_remote)
    : live_span(out, clock, kind, self, parent, parent_remote,
                {clock.steady(), self.sampled() ? clock.wall() : base::wall_time{}}) {}

live_span::live_span(sink& out, const base::clock& clock, span_kind kind, context self, span_id parent,
                     bool parent_remote, moment began)
    : sink_(out),
      clock_(clock),
      self_(std::move(self)),
      start_(began.steady),
      recording_(self_.sampled()),
      kind_(kind) {
  self_.remote = false;
  if (!recording_) return;
  record_.trace = self_.trace;
  record_.span = self_.span;
  record_.parent = parent;
  record_.w3c_flags = static_cast<std::uint8_t>(self_.flags);
  record_.parent_remote = parent_remote;
  record_.kind = kind;
  record_.start = began.wall;
  record_.fields = out.draft();
  if (!self_.state.empty()) record_.fields.add_trace_state(self_.state);
}

live_span::~live_span() {
  if (!recording_) return;
  record_.duration = (end_ ? *end_ : clock_.steady()) - start_;
  sink_.offer(std::move(record_));
}

void live_span::repeat(std::string_view told, std::uint64_t keys) {
  if (!recording_) return;
  record_.fields.append(told);
  present_ |= keys;
}

void live_span::set(key k, std::string_view text) { put(k, text); }

void live_span::set(key k, std::int64_t value) { put(k, value); }

void live_span::set(key k, double value) { put(k, value); }

void live_span::set(key k, bool value) { put(k, value); }

void live_span::set_name(std::string_view method, std::string_view target) {
  if (recording_) record_.fields.set_name(method, target);
}

void live_span::add_link(const link& to) {
  if (recording_) record_.fields.add_link(to);
}

void live_span::add_event(std::string_view literal_name) {
  if (!recording_) return;
  const auto since_start =
      std::max(clock_.steady() - start_, base::nanoseconds(0));  // the wall clock may have been set
  record_.fields.add_event(record_.start.ns + static_cast<std::uint64_t>(since_start.count()), literal_name);
}

template <class Value>
void live_span::put(key k, Value value) {
  if (!recording_) return;
  if (has(k)) record_.fields.remove(k);
  present_ |= bit(k);
  record_.fields.add(k, value);
}

}  // namespace sidespan::trace

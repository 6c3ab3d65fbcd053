// SPDX-License-Identifier: Apache-2.0
#include "trace/live_span.hpp"

#include <algorithm>
#include <utility>

#include "trace/utf8.hpp"

namespace sidespan::trace {
namespace {

constexpr std::size_t max_text = 4096;
// A typical span fits, so that it costs one allocation for its text and one for its attributes.
constexpr std::size_t usual_text = 512;
constexpr std::size_t usual_attributes = 20;
static_assert(static_cast<unsigned>(key::count_) <= 64, "one bit per key in present_");

}  // namespace

live_span::live_span(sink& out, const base::clock& clock, span_kind kind, context self, span_id parent,
                     bool parent_remote)
    : sink_(out),
      clock_(clock),
      self_(std::move(self)),
      start_(clock.steady()),
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
  record_.start = clock.wall();
  record_.text.reserve(usual_text);
  record_.attributes.reserve(usual_attributes);
}

live_span::~live_span() {
  if (!recording_) return;
  record_.duration = std::max(clock_.steady() - start_, base::nanoseconds(0));
  record_.trace_state = std::move(self_.state);
  sink_.offer(std::move(record_));
}

void live_span::set(key k, std::string_view text) {
  if (!recording_) return;
  const std::uint32_t offset = append(text);
  attribute& a = slot(k);
  a.type = attribute::type::text;
  a.text = {offset, static_cast<std::uint32_t>(record_.text.size()) - offset};
}

void live_span::set(key k, std::int64_t value) {
  if (!recording_) return;
  attribute& a = slot(k);
  a.type = attribute::type::integer;
  a.integer = value;
}

void live_span::set(key k, double value) {
  if (!recording_) return;
  attribute& a = slot(k);
  a.type = attribute::type::real;
  a.real = value;
}

void live_span::set(key k, bool value) {
  if (!recording_) return;
  attribute& a = slot(k);
  a.type = attribute::type::boolean;
  a.boolean = value;
}

void live_span::set_name(std::string_view method, std::string_view target) {
  if (!recording_) return;
  std::string& text = record_.text;
  const std::size_t before = text.size();
  append(method);
  if (!target.empty()) {
    text += ' ';
    append(target);
  }
  record_.name_size = static_cast<std::uint32_t>(text.size() - before);
  if (before == 0) return;
  // The name is the front of the text, wherever in the span's life it became known.
  std::rotate(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(before), text.end());
  for (attribute& a : record_.attributes) {
    if (a.type == attribute::type::text) a.text.offset += record_.name_size;
  }
}

void live_span::add_link(const link& to) {
  if (recording_) record_.links.push_back(to);
}

void live_span::add_event(std::string_view literal_name) {
  if (!recording_) return;
  const auto since_start =
      std::max(clock_.steady() - start_, base::nanoseconds(0));  // the wall clock may have been set
  record_.events.push_back({record_.start.ns + static_cast<std::uint64_t>(since_start.count()), literal_name});
}

attribute& live_span::slot(key k) {
  if (has(k)) {
    return *std::find_if(record_.attributes.begin(), record_.attributes.end(),
                         [k](const attribute& a) { return a.key == k; });
  }
  present_ |= bit(k);
  attribute& added = record_.attributes.emplace_back();
  added.key = k;
  return added;
}

std::uint32_t live_span::append(std::string_view text) {
  const auto offset = static_cast<std::uint32_t>(record_.text.size());
  append_utf8(record_.text, text, max_text);
  return offset;
}

}  // namespace sidespan::trace

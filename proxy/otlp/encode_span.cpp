// SPDX-License-Identifier: Apache-2.0
#include "otlp/encode_span.hpp"

#include <algorithm>
#include <string_view>

namespace sidespan::otlp {
namespace {

using std::size_t;
using std::string_view;
using std::uint32_t;
using std::uint64_t;

// Span.flags and Link.flags above the eight W3C bits (specs §4.3).
constexpr uint32_t has_is_remote = 0x100;
constexpr uint32_t is_remote = 0x200;

constexpr string_view candidate_parent = "candidate_parent";
constexpr string_view unnamed = "HTTP";  // a name must not be empty; what SC-9 gives when nothing is known

template <class Id>
string_view bytes_of(const Id& id) noexcept {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

string_view name_of(const trace::record& record) noexcept { return record.name_size == 0 ? unnamed : record.name(); }

uint64_t end_of(const trace::record& record) noexcept {
  return record.start.ns + static_cast<uint64_t>(std::max<std::int64_t>(record.duration.count(), 0));
}

// AnyValue

size_t value_size(const trace::attribute& a) noexcept {
  switch (a.type) {
    case trace::attribute::type::text:
      return wire::bytes_size(1, a.text.size);
    case trace::attribute::type::boolean:
      return 2;
    case trace::attribute::type::integer:
      return 1 + wire::varint_size(static_cast<uint64_t>(a.integer));
    case trace::attribute::type::real:
      return 9;
  }
  return 0;
}

void write_value(const trace::record& record, const trace::attribute& a, wire::writer& to) noexcept {
  switch (a.type) {
    case trace::attribute::type::text:
      return to.bytes(1, record.text_of(a));
    case trace::attribute::type::boolean:
      return to.integer(2, a.boolean ? 1 : 0);
    case trace::attribute::type::integer:
      return to.integer(3, static_cast<uint64_t>(a.integer));
    case trace::attribute::type::real:
      return to.fixed64(4, std::bit_cast<uint64_t>(a.real));
  }
}

// KeyValue: 1 key, 2 value

size_t pair_size(trace::key key, size_t value) noexcept {
  return wire::bytes_size(1, trace::name(key).size()) + wire::bytes_size(2, value);
}

void open_pair(uint32_t field, trace::key key, size_t value, wire::writer& to) noexcept {
  to.message(field, pair_size(key, value));
  to.bytes(1, trace::name(key));
  to.message(2, value);
}

// Event: 1 time, 2 name

size_t event_size(const trace::event& event) noexcept { return 9 + wire::bytes_size(2, event.name.size()); }

void write_event(const trace::event& event, wire::writer& to) noexcept {
  to.message(11, event_size(event));
  to.fixed64(1, event.wall_ns);
  to.bytes(2, event.name);
}

// Link: 1 trace, 2 span, 4 attributes, 6 flags

constexpr size_t confidence_value_size = 9;
constexpr size_t link_type_value_size = wire::bytes_size(1, candidate_parent.size());

size_t link_size() noexcept {
  return wire::bytes_size(1, 16) + wire::bytes_size(2, 8) +
         wire::bytes_size(4, pair_size(trace::key::sidespan_link_type, link_type_value_size)) +
         wire::bytes_size(4, pair_size(trace::key::sidespan_parent_confidence, confidence_value_size)) + 5;
}

void write_link(const trace::link& link, wire::writer& to) noexcept {
  to.message(13, link_size());
  to.bytes(1, bytes_of(link.trace));
  to.bytes(2, bytes_of(link.span));
  open_pair(4, trace::key::sidespan_link_type, link_type_value_size, to);
  to.bytes(1, candidate_parent);
  open_pair(4, trace::key::sidespan_parent_confidence, confidence_value_size, to);
  to.fixed64(4, std::bit_cast<uint64_t>(link.confidence));
  // A candidate is an inbound span of this very process: known, and not remote.
  to.fixed32(6, link.flags | has_is_remote);
}

}  // namespace

size_t span_size(const trace::record& record) noexcept {
  size_t size = wire::bytes_size(1, 16) + wire::bytes_size(2, 8);
  if (!record.trace_state.empty()) size += wire::bytes_size(3, record.trace_state.size());
  if (record.parent.valid()) size += wire::bytes_size(4, 8);
  size += wire::bytes_size(5, name_of(record).size());
  size += 2 + 9 + 9;  // kind, start, end
  for (const trace::attribute& a : record.attributes) {
    size += wire::bytes_size(9, pair_size(a.key, value_size(a)));
  }
  for (const trace::event& event : record.events) size += wire::bytes_size(11, event_size(event));
  size += record.links.size() * wire::bytes_size(13, link_size());
  if (record.status != trace::span_status::unset) size += 4;
  return size + 6;  // flags: a tag of two bytes
}

void write_span(const trace::record& record, wire::writer& to) noexcept {
  to.bytes(1, bytes_of(record.trace));
  to.bytes(2, bytes_of(record.span));
  if (!record.trace_state.empty()) to.bytes(3, record.trace_state);
  if (record.parent.valid()) to.bytes(4, bytes_of(record.parent));
  to.bytes(5, name_of(record));
  to.integer(6, static_cast<uint64_t>(record.kind));
  to.fixed64(7, record.start.ns);
  to.fixed64(8, end_of(record));
  for (const trace::attribute& a : record.attributes) {
    open_pair(9, a.key, value_size(a), to);
    write_value(record, a, to);
  }
  for (const trace::event& event : record.events) write_event(event, to);
  for (const trace::link& link : record.links) write_link(link, to);
  if (record.status != trace::span_status::unset) {
    to.message(15, 2);
    to.integer(3, static_cast<uint64_t>(record.status));
  }
  to.fixed32(16, record.w3c_flags | has_is_remote | (record.parent_remote ? is_remote : 0));
}

}  // namespace sidespan::otlp

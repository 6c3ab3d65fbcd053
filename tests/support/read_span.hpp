// SPDX-License-Identifier: Apache-2.0
//
// A record read back from the bytes that it is encoded to, so that tests see what a collector would see.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/protobuf.hpp"
#include "trace/record.hpp"

namespace sidespan::support {

struct attribute {
  enum class type { text, integer, real, boolean };
  trace::key key = trace::key::count_;
  enum type type = type::text;
  std::string text;
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
};

struct event {
  std::uint64_t wall_ns = 0;
  std::string name;
};

struct span {
  trace::trace_id trace;
  trace::span_id span;
  trace::span_id parent;
  std::uint8_t w3c_flags = 0;
  bool parent_remote = false;
  trace::span_kind kind = trace::span_kind::server;
  trace::span_status status = trace::span_status::unset;
  base::wall_time start;
  base::nanoseconds duration{0};
  std::string trace_state;
  std::vector<std::string> names;
  std::vector<attribute> attributes;
  std::vector<trace::link> links;
  std::vector<event> events;

  std::string name() const { return names.size() == 1 ? names.front() : std::to_string(names.size()) + " names"; }
  /// Of all attributes.
  std::string text() const {
    std::string out;
    for (const attribute& a : attributes) out += a.text + '\n';
    return out;
  }
  const attribute* find(trace::key wanted) const {
    const auto found =
        std::find_if(attributes.begin(), attributes.end(), [wanted](const auto& a) { return a.key == wanted; });
    return found == attributes.end() ? nullptr : &*found;
  }
};

namespace detail {

using base::protobuf::field;
using base::protobuf::next_field;

template <class Id>
void read_id(std::string_view bytes, Id& out) {
  if (bytes.size() == out.bytes.size()) std::memcpy(out.bytes.data(), bytes.data(), bytes.size());
}

inline trace::key key_named(std::string_view name) {
  for (int i = 0; i < static_cast<int>(trace::key::count_); ++i) {
    if (trace::name(static_cast<trace::key>(i)) == name) return static_cast<trace::key>(i);
  }
  return trace::key::count_;
}

inline attribute read_attribute(std::string_view pair) {
  attribute out;
  while (const auto part = next_field(pair)) {
    if (part->number == 1) out.key = key_named(part->bytes);
    if (part->number != 2) continue;
    std::string_view any = part->bytes;
    const auto value = next_field(any);
    if (!value) continue;
    out.type = static_cast<enum attribute::type>(value->number == 1   ? 0
                                                 : value->number == 3 ? 1
                                                 : value->number == 4 ? 2
                                                                      : 3);
    out.text = value->bytes;
    out.integer = static_cast<std::int64_t>(value->integer);
    out.real = std::bit_cast<double>(value->integer);
    out.boolean = value->integer != 0;
  }
  return out;
}

inline trace::link read_link(std::string_view message) {
  trace::link out;
  while (const auto part = next_field(message)) {
    if (part->number == 1) read_id(part->bytes, out.trace);
    if (part->number == 2) read_id(part->bytes, out.span);
    if (part->number == 6) out.flags = static_cast<std::uint8_t>(part->integer);
    if (part->number != 4) continue;
    const attribute a = read_attribute(part->bytes);
    if (a.key == trace::key::sidespan_parent_confidence) out.confidence = a.real;
  }
  return out;
}

inline event read_event(std::string_view message) {
  event out;
  while (const auto part = next_field(message)) {
    if (part->number == 1) out.wall_ns = part->integer;
    if (part->number == 2) out.name = part->bytes;
  }
  return out;
}

inline void read_number(const field& part, span& out) {
  switch (part.number) {
    case 6:
      out.kind = static_cast<trace::span_kind>(part.integer);
      return;
    case 7:
      out.start.ns = part.integer;
      return;
    case 8:
      out.duration = base::nanoseconds(static_cast<std::int64_t>(part.integer - out.start.ns));
      return;
    case 16:
      out.w3c_flags = static_cast<std::uint8_t>(part.integer);
      out.parent_remote = (part.integer & 0x200) != 0;
      return;
  }
}

inline void read_status(std::string_view message, span& out) {
  while (const auto part = next_field(message)) {
    if (part->number == 3) out.status = static_cast<trace::span_status>(part->integer);
  }
}

}  // namespace detail

/// `bytes`: one element of ScopeSpans.spans with its tag and length, which is taken off the front.
inline span read_span(std::string_view& bytes) {
  span out;
  const auto whole = detail::next_field(bytes);
  if (!whole || whole->number != 2) return out;
  std::string_view rest = whole->bytes;
  while (const auto part = detail::next_field(rest)) {
    detail::read_number(*part, out);
    if (part->number == 1) detail::read_id(part->bytes, out.trace);
    if (part->number == 2) detail::read_id(part->bytes, out.span);
    if (part->number == 3) out.trace_state = part->bytes;
    if (part->number == 4) detail::read_id(part->bytes, out.parent);
    if (part->number == 5) out.names.emplace_back(part->bytes);
    if (part->number == 9) out.attributes.push_back(detail::read_attribute(part->bytes));
    if (part->number == 11) out.events.push_back(detail::read_event(part->bytes));
    if (part->number == 13) out.links.push_back(detail::read_link(part->bytes));
    if (part->number == 15) detail::read_status(part->bytes, out);
  }
  return out;
}

inline span read(const trace::record& from) {
  std::string bytes(from.encoded_size(), '\0');
  from.encode(reinterpret_cast<std::uint8_t*>(bytes.data()), from.message_size());
  std::string_view rest = bytes;
  return read_span(rest);
}

}  // namespace sidespan::support

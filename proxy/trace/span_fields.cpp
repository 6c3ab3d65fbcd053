// SPDX-License-Identifier: Apache-2.0
#include "trace/span_fields.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "base/protobuf.hpp"
#include "trace/record.hpp"
#include "trace/utf8.hpp"

namespace sidespan::trace {
namespace {

using base::protobuf::bytes_size;
using base::protobuf::varint_size;
using base::protobuf::writer;

// Field numbers of Span, specs §4.4.
constexpr std::uint32_t trace_state_field = 3;
constexpr std::uint32_t name_field = 5;
constexpr std::uint32_t attributes_field = 9;
constexpr std::uint32_t events_field = 11;
constexpr std::uint32_t links_field = 13;

// The field numbers of AnyValue.
constexpr std::uint32_t text_value = 1;
constexpr std::uint32_t boolean_value = 2;
constexpr std::uint32_t integer_value = 3;
constexpr std::uint32_t real_value = 4;

constexpr std::uint8_t attributes_tag = attributes_field << 3 | 2;
constexpr std::uint8_t name_tag = name_field << 3 | 2;
constexpr std::uint8_t text_tag = text_value << 3 | 2;
/// Tags and lengths of an attribute beside its key and text, and what a key is copied beyond its end.
constexpr std::size_t overhead = 24 + key_bytes::room;
constexpr std::size_t longest_short = 0x7f;  // length of one byte
static_assert(key_bytes::room + 12 <= longest_short, "a number has a length of one byte with any key");

/// Writes an attribute up to the length of its value.
std::uint8_t* open_attribute(std::uint8_t* to, key k, std::size_t value) noexcept {
  const key_bytes& start = encoded(k);
  writer out(to);
  out.message(attributes_field, start.size + varint_size(value) + value);
  std::memcpy(out.at(), start.bytes, key_bytes::room);
  out = writer(out.at() + start.size);
  out.varint(value);
  return out.at();
}

std::size_t pair_size(key k, std::size_t value) noexcept { return encoded(k).size + varint_size(value) + value; }

void write_pair(writer& to, std::uint32_t field, key k, std::size_t value) noexcept {
  to.message(field, pair_size(k, value));
  to.raw({reinterpret_cast<const char*>(encoded(k).bytes), encoded(k).size});
  to.varint(value);
}

constexpr std::string_view candidate_parent = "candidate_parent";
constexpr std::size_t confidence_size = 9;
constexpr std::size_t link_type_size = bytes_size(text_value, candidate_parent.size());
// Link.flags above the eight W3C bits (specs §4.3).
constexpr std::uint32_t has_is_remote = 0x100;

template <class Id>
std::string_view bytes_of(const Id& id) noexcept {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

}  // namespace

std::uint8_t* span_fields::grow(std::size_t size) {
  if (size_ + size > max_size) return nullptr;
  const std::size_t capacity = std::min(std::max({usual_capacity, 2 * capacity_, size_ + size}), max_size);
  auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
  if (size_ != 0) std::memcpy(larger.get(), memory_.get(), size_);
  memory_ = std::move(larger);
  capacity_ = capacity;
  return memory_.get() + size_;
}

/// Nearly all text is short ASCII, and then every length is one byte.
void span_fields::add(key k, std::string_view text) {
  const key_bytes& start = encoded(k);
  const std::size_t value = 2 + text.size();
  const std::size_t pair = start.size + 1 + value;
  if (pair > longest_short) return add_any_text(k, text);
  std::uint8_t* to = room(text.size() + overhead);
  if (to == nullptr) return;
  to[0] = attributes_tag;
  to[1] = static_cast<std::uint8_t>(pair);
  std::memcpy(to + 2, start.bytes, key_bytes::room);
  to += 2 + start.size;
  to[0] = static_cast<std::uint8_t>(value);
  to[1] = text_tag;
  to[2] = static_cast<std::uint8_t>(text.size());
  if (!copy_ascii(to + 3, text.data(), text.size())) return add_any_text(k, text);
  end_at(to + 3 + text.size());
}

void span_fields::add_any_text(key k, std::string_view text) {
  std::string valid;
  append_utf8(valid, text, max_text);
  std::uint8_t* to = room(valid.size() + overhead);
  if (to == nullptr) return;
  writer out(open_attribute(to, k, bytes_size(text_value, valid.size())));
  out.bytes(text_value, valid);
  end_at(out.at());
}

/// Ports, status codes and most counts have two or three bytes.
void span_fields::add(key k, std::int64_t value) {
  std::uint8_t* to = room(overhead);
  if (to == nullptr) return;
  const key_bytes& start = encoded(k);
  const std::size_t any = 1 + varint_size(static_cast<std::uint64_t>(value));
  to[0] = attributes_tag;
  to[1] = static_cast<std::uint8_t>(start.size + 1 + any);  // with the longest key and number still one byte
  std::memcpy(to + 2, start.bytes, key_bytes::room);
  to += 2 + start.size;
  to[0] = static_cast<std::uint8_t>(any);
  writer out(to + 1);
  out.integer(integer_value, static_cast<std::uint64_t>(value));
  end_at(out.at());
}

void span_fields::add(key k, double value) {
  std::uint8_t* to = room(overhead);
  if (to == nullptr) return;
  writer out(open_attribute(to, k, 9));
  out.fixed64(real_value, std::bit_cast<std::uint64_t>(value));
  end_at(out.at());
}

void span_fields::add(key k, bool value) {
  std::uint8_t* to = room(overhead);
  if (to == nullptr) return;
  writer out(open_attribute(to, k, 2));
  out.integer(boolean_value, value ? 1 : 0);
  end_at(out.at());
}

void span_fields::add_trace_state(std::string_view text) {
  std::uint8_t* to = room(text.size() + overhead);
  if (to == nullptr) return;
  writer out(to);
  out.bytes(trace_state_field, text);
  end_at(out.at());
}

/// Event: 1 time, 2 name.
void span_fields::add_event(std::uint64_t wall_ns, std::string_view name) {
  std::uint8_t* to = room(name.size() + overhead);
  if (to == nullptr) return;
  writer out(to);
  out.message(events_field, 9 + bytes_size(2, name.size()));
  out.fixed64(1, wall_ns);
  out.bytes(2, name);
  end_at(out.at());
}

/// Link: 1 trace, 2 span, 4 attributes, 6 flags.
void span_fields::add_link(const link& link) {
  static const std::size_t size = bytes_size(1, 16) + bytes_size(2, 8) +
                                  bytes_size(4, pair_size(key::sidespan_link_type, link_type_size)) +
                                  bytes_size(4, pair_size(key::sidespan_parent_confidence, confidence_size)) + 5;
  std::uint8_t* to = room(size + overhead);
  if (to == nullptr) return;
  writer out(to);
  out.message(links_field, size);
  out.bytes(1, bytes_of(link.trace));
  out.bytes(2, bytes_of(link.span));
  write_pair(out, 4, key::sidespan_link_type, link_type_size);
  out.bytes(text_value, candidate_parent);
  write_pair(out, 4, key::sidespan_parent_confidence, confidence_size);
  out.fixed64(real_value, std::bit_cast<std::uint64_t>(link.confidence));
  // A candidate is an inbound span of this very process: known, and not remote.
  out.fixed32(6, link.flags | has_is_remote);
  end_at(out.at());
}

void span_fields::set_name(std::string_view first, std::string_view second) {
  const std::size_t size = first.size() + (second.empty() ? 0 : 1 + second.size());
  if (std::exchange(named_, size != 0)) remove_if_first([](std::string_view field) { return field[0] == name_tag; });
  if (size == 0) return;
  if (size > longest_short) return set_any_name(first, second);
  std::uint8_t* to = room(size + overhead);
  if (to == nullptr) return;
  to[0] = name_tag;
  to[1] = static_cast<std::uint8_t>(size);
  bool ascii = copy_ascii(to + 2, first.data(), first.size());
  if (!second.empty()) {
    to[2 + first.size()] = ' ';
    ascii = copy_ascii(to + 3 + first.size(), second.data(), second.size()) && ascii;
  }
  if (!ascii) return set_any_name(first, second);
  end_at(to + 2 + size);
}

void span_fields::set_any_name(std::string_view first, std::string_view second) {
  std::string valid;
  append_utf8(valid, first, max_text);
  if (!second.empty()) append_utf8(valid += ' ', second, max_text);
  std::uint8_t* to = room(valid.size() + overhead);
  if (to == nullptr) return;
  writer out(to);
  out.bytes(name_field, valid);
  end_at(out.at());
}

void span_fields::append(std::string_view named_fields) {
  std::uint8_t* to = room(named_fields.size());
  if (to == nullptr) return;
  std::memcpy(to, named_fields.data(), named_fields.size());
  end_at(to + named_fields.size());
  named_ = true;
}

void span_fields::remove(key k) noexcept {
  const key_bytes& start = encoded(k);
  const std::string_view wanted(reinterpret_cast<const char*>(start.bytes), start.size);
  remove_if_first([wanted](std::string_view field) {
    if (static_cast<std::uint8_t>(field[0]) != attributes_tag) return false;
    const std::size_t length = static_cast<std::uint8_t>(field[1]) > longest_short ? 2 : 1;
    return field.substr(1 + length).starts_with(wanted);
  });
}

template <class Matches>
void span_fields::remove_if_first(Matches matches) noexcept {
  std::string_view rest = bytes();
  while (!rest.empty()) {
    const std::string_view from_here = rest;
    // Every field in here has a length: what is written above.
    base::protobuf::next_field(rest);
    const std::string_view field = from_here.substr(0, from_here.size() - rest.size());
    if (!matches(field)) continue;
    std::memmove(memory_.get() + (size_ - from_here.size()), rest.data(), rest.size());
    size_ -= field.size();
    return;
  }
}

}  // namespace sidespan::trace

// SPDX-License-Identifier: Apache-2.0
//
// The part of a span that grows while it lives, in the bytes that leave: fields of an OTLP Span message (specs §4.4),
// each written once, when it becomes known. Part of a record; used by live_span on a shard's thread. Its memory is
// reused from span to span (trace/sink), so that a typical span allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "trace/key.hpp"

namespace sidespan::trace {

struct link;

class span_fields {
 public:
  /// Text of one attribute beyond this is cut, between characters.
  static constexpr std::size_t max_text = 4096;
  /// What would make it larger than this is left out: far more than all attributes together can have.
  static constexpr std::size_t max_size = 256 * 1024;
  /// A typical span fits.
  static constexpr std::size_t usual_capacity = 768;

  span_fields() = default;
  span_fields(span_fields&& from) noexcept
      : memory_(std::move(from.memory_)),
        size_(std::exchange(from.size_, 0)),
        capacity_(std::exchange(from.capacity_, 0)),
        named_(from.named_) {}
  span_fields& operator=(span_fields&& from) noexcept {
    memory_ = std::move(from.memory_);
    size_ = std::exchange(from.size_, 0);
    capacity_ = std::exchange(from.capacity_, 0);
    named_ = from.named_;
    return *this;
  }

  /// Text that is not UTF-8 is replaced: a receiver would refuse the whole request.
  void add(key k, std::string_view text);
  void add(key k, std::int64_t value);
  void add(key k, double value);
  void add(key k, bool value);
  void add(key k, const char* text) { add(k, std::string_view(text)); }  // a literal would convert to bool
  void add_trace_state(std::string_view text);
  void add_event(std::uint64_t wall_ns, std::string_view name);
  void add_link(const link& to);
  /// `{first} {second}`, only the first when the second is empty.
  void set_name(std::string_view first, std::string_view second);
  bool named() const noexcept { return named_; }
  /// What other fields, with a name among them, have as bytes().
  void append(std::string_view named_fields);
  /// Takes an attribute out again; there is at most one of a key.
  void remove(key k) noexcept;

  std::string_view bytes() const noexcept { return {reinterpret_cast<const char*>(memory_.get()), size_}; }
  std::size_t capacity() const noexcept { return capacity_; }
  /// Empty again, the memory kept.
  void clear() noexcept {
    size_ = 0;
    named_ = false;
  }

 private:
  /// The end, with room for `size` more bytes; null when that is over max_size.
  std::uint8_t* room(std::size_t size) { return capacity_ - size_ >= size ? memory_.get() + size_ : grow(size); }
  std::uint8_t* grow(std::size_t size);
  void end_at(const std::uint8_t* end) noexcept { size_ = static_cast<std::size_t>(end - memory_.get()); }
  void add_any_text(key k, std::string_view text);
  void set_any_name(std::string_view first, std::string_view second);
  template <class Matches>
  void remove_if_first(Matches matches) noexcept;

  std::unique_ptr<std::uint8_t[]> memory_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  bool named_ = false;
};

}  // namespace sidespan::trace

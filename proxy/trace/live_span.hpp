// SPDX-License-Identifier: Apache-2.0
//
// A live span: a span being measured. It finishes exactly once, when destroyed, on whatever path (returned, faulted,
// cancelled, shut down): the record goes to the sink then. An unsampled span has its ids, for propagation, and ignores
// everything else. Used by forward/exchange on a shard's thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "trace/context.hpp"
#include "trace/record.hpp"
#include "trace/sink.hpp"

namespace sidespan::trace {

/// A time by both clocks.
struct moment {
  base::steady_time steady;
  base::wall_time wall;
};

class live_span {
 public:
  /// `self` is this span's own context (new span id, final flags); `parent` is all zero for a root. `out` and `clock`
  /// outlive the span. A context that is not sampled gives a span that records nothing.
  live_span(sink& out, const base::clock& clock, span_kind kind, context self, span_id parent, bool parent_remote);
  /// That began at a time that has been read already.
  live_span(sink& out, const base::clock& clock, span_kind kind, context self, span_id parent, bool parent_remote,
            moment began);
  ~live_span();
  live_span(const live_span&) = delete;
  live_span& operator=(const live_span&) = delete;

  /// What goes to the next process.
  const context& self() const noexcept { return self_; }
  bool recording() const noexcept { return recording_; }
  span_kind kind() const noexcept { return kind_; }

  /// A key set again takes the new value. Text is copied; over 4096 bytes it is cut at a UTF-8 boundary (url and user
  /// agent come from the wire). Invalid UTF-8 is replaced: protobuf strings must be valid.
  void set(key k, std::string_view text);
  void set(key k, std::int64_t value);
  void set(key k, double value);
  void set(key k, bool value);
  /// A literal would convert to bool rather than to a view, and an int to nothing without doubt.
  void set(key k, const char* text) { set(k, std::string_view(text)); }
  template <std::integral Integer>
  void set(key k, Integer value) {
    set(k, static_cast<std::int64_t>(value));
  }
  bool has(key k) const noexcept { return (present_ & bit(k)) != 0; }

  /// `{method} {target}`, only the method when `target` is empty.
  void set_name(std::string_view method, std::string_view target);
  void set_error() noexcept { record_.status = span_status::error; }
  void add_link(const link& to);
  void add_event(std::string_view literal_name);

  /// It ends at this time, whenever it is destroyed; otherwise the clock is asked then.
  void end_at(base::steady_time end) noexcept { end_ = end; }

  /// What has been said so far, as span_fields::bytes(), and the keys in it; to be repeated on another span, which has
  /// a name and these keys after that and must not have had them before.
  std::string_view told() const noexcept { return record_.fields.bytes(); }
  std::uint64_t keys() const noexcept { return present_; }
  void repeat(std::string_view told, std::uint64_t keys);

  base::steady_time started() const noexcept { return start_; }

 private:
  static constexpr std::uint64_t bit(key k) noexcept { return std::uint64_t{1} << static_cast<unsigned>(k); }
  template <class Value>
  void put(key k, Value value);

  sink& sink_;
  const base::clock& clock_;
  context self_;
  base::steady_time start_;
  std::optional<base::steady_time> end_;
  bool recording_;
  span_kind kind_;
  std::uint64_t present_ = 0;  // one bit per key that has been set
  record record_;
};

}  // namespace sidespan::trace

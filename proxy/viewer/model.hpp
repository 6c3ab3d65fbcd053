// SPDX-License-Identifier: Apache-2.0
//
// Spans as OTLP describes them, but our own plain data: the viewer also keeps spans that others sent. Filled by the
// OTLP receiver's glue, read by store; values without I/O, any thread. Text may hold any bytes, numbers any value:
// nothing here is trusted.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sidespan::viewer {

using trace_id = std::array<std::uint8_t, 16>;
using span_id = std::array<std::uint8_t, 8>;

template <class Id>
constexpr bool is_set(const Id& id) {
  return id != Id{};
}

struct attribute;
struct value;

struct bytes {
  std::string data;
  bool operator==(const bytes&) const = default;
};

using array = std::vector<value>;
using attributes = std::vector<attribute>;

/// AnyValue of OTLP; monostate is the value that was sent empty.
struct value {
  std::variant<std::monostate, bool, std::int64_t, double, std::string, bytes, array, attributes> data;
};

struct attribute {
  std::string key;
  sidespan::viewer::value value;
};

enum class span_kind : std::uint8_t { unspecified, internal, server, client, producer, consumer };  // numbers of OTLP
enum class span_status : std::uint8_t { unset, ok, error };                                         // numbers of OTLP

struct event {
  std::string name;
  std::uint64_t time_unix_nano = 0;
  sidespan::viewer::attributes attributes;
};

struct link {
  sidespan::viewer::trace_id trace_id{};
  sidespan::viewer::span_id span_id{};
  sidespan::viewer::attributes attributes;
};

/// Shared by the spans of one OTLP ResourceSpans, so that a large batch carries it once.
struct resource {
  sidespan::viewer::attributes attributes;
};

struct span {
  sidespan::viewer::trace_id trace_id{};
  sidespan::viewer::span_id span_id{};
  sidespan::viewer::span_id parent_span_id{};  // all zero: a root
  std::string name;
  span_kind kind = span_kind::unspecified;
  std::uint64_t start_unix_nano = 0;
  std::uint64_t end_unix_nano = 0;
  span_status status = span_status::unset;
  std::string status_message;
  std::string trace_state;
  std::uint32_t flags = 0;
  sidespan::viewer::attributes attributes;
  std::shared_ptr<const sidespan::viewer::resource> resource;  // may be null
  std::string scope;                                           // name of the instrumentation scope
  std::vector<event> events;
  std::vector<link> links;
};

/// The string value of an attribute; empty when absent or of another type.
std::string_view text_of(const attributes& list, std::string_view key);

/// `service.name` of the resource, `unknown_service` without one.
std::string_view service_of(const span& item);

/// What a span costs in memory, roughly; bounds the queue in front of the store.
std::size_t approximate_size(const span& item);

/// Lower-case hex.
std::string to_hex(const trace_id& id);
std::string to_hex(const span_id& id);

}  // namespace sidespan::viewer

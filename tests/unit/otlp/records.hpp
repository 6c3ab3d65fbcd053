// SPDX-License-Identifier: Apache-2.0
//
// Records for the tests of otlp, built field by field and not by live_span, so that each test says all that it means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "collect/queue.hpp"
#include "trace/record.hpp"

namespace sidespan::otlp::test {

class record_of {
 public:
  explicit record_of(std::string_view name = "GET /carts/{id}") {
    for (std::size_t i = 0; i < 16; ++i) record_.trace.bytes[i] = static_cast<std::uint8_t>(0xa0 + i);
    for (std::size_t i = 0; i < 8; ++i) record_.span.bytes[i] = static_cast<std::uint8_t>(0xf0 + i);
    record_.start.ns = 1700000000123456789ULL;
    record_.duration = base::nanoseconds(1500);
    record_.fields.set_name(name, {});
  }

  template <class Value>
  record_of& set(trace::key key, const Value& value) {
    if constexpr (std::is_convertible_v<Value, std::string_view>) {
      record_.fields.add(key, std::string_view(value));  // a literal would otherwise become a bool
    } else {
      record_.fields.add(key, value);
    }
    return *this;
  }

  trace::record& operator*() { return record_; }
  const trace::record& operator*() const { return record_; }
  trace::record* operator->() { return &record_; }

 private:
  trace::record record_;
};

/// What a queue would hand out.
inline collect::parcel parcel_of(const std::vector<record_of>& records) {
  collect::queue queue(records.size(), std::size_t{1} << 30);
  for (const record_of& one : records) queue.push(*one);
  collect::parcel out;
  queue.take(out, records.size(), std::size_t{1} << 30);
  return out;
}
inline collect::parcel parcel_of(std::size_t times) {
  std::vector<record_of> records(times);
  return parcel_of(records);
}

}  // namespace sidespan::otlp::test

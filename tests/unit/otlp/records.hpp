// SPDX-License-Identifier: Apache-2.0
//
// Records for the tests of otlp, built field by field and not by live_span, so that each test says all that it means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "trace/record.hpp"

namespace sidespan::otlp::test {

class record_of {
 public:
  explicit record_of(std::string_view name = "GET /carts/{id}") {
    for (std::size_t i = 0; i < 16; ++i) record_.trace.bytes[i] = static_cast<std::uint8_t>(0xa0 + i);
    for (std::size_t i = 0; i < 8; ++i) record_.span.bytes[i] = static_cast<std::uint8_t>(0xf0 + i);
    record_.start.ns = 1700000000123456789ULL;
    record_.duration = base::nanoseconds(1500);
    record_.text = name;
    record_.name_size = static_cast<std::uint32_t>(name.size());
  }

  record_of& set(trace::key key, std::string_view text) {
    trace::attribute& a = add(key, trace::attribute::type::text);
    a.text = {static_cast<std::uint32_t>(record_.text.size()), static_cast<std::uint32_t>(text.size())};
    record_.text += text;
    return *this;
  }
  /// A literal would otherwise become a bool.
  record_of& set(trace::key key, const char* text) { return set(key, std::string_view(text)); }
  record_of& set(trace::key key, const std::string& text) { return set(key, std::string_view(text)); }
  record_of& set(trace::key key, std::int64_t value) {
    add(key, trace::attribute::type::integer).integer = value;
    return *this;
  }
  record_of& set(trace::key key, double value) {
    add(key, trace::attribute::type::real).real = value;
    return *this;
  }
  record_of& set(trace::key key, bool value) {
    add(key, trace::attribute::type::boolean).boolean = value;
    return *this;
  }

  trace::record& operator*() { return record_; }
  trace::record* operator->() { return &record_; }

 private:
  trace::attribute& add(trace::key key, enum trace::attribute::type type) {
    trace::attribute one{};
    one.key = key;
    one.type = type;
    record_.attributes.push_back(one);
    return record_.attributes.back();
  }

  trace::record record_;
};

}  // namespace sidespan::otlp::test

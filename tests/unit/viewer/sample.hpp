// SPDX-License-Identifier: Apache-2.0
//
// Spans and a settable clock for the viewer's tests.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "viewer/model.hpp"

namespace sidespan::viewer::test {

class fake_clock final : public base::clock {
 public:
  base::steady_time steady() const noexcept override { return {static_cast<std::int64_t>(now.ns)}; }
  base::wall_time wall() const noexcept override { return now; }
  void advance(std::chrono::nanoseconds by) { now.ns += static_cast<std::uint64_t>(by.count()); }

  base::wall_time now{1'700'000'000'000'000'000};
};

inline trace_id trace_number(unsigned number) {
  trace_id id{};
  id[0] = 0xaa;
  id[14] = static_cast<std::uint8_t>(number >> 8);
  id[15] = static_cast<std::uint8_t>(number);
  return id;
}

inline span_id span_number(unsigned number) {
  span_id id{};
  id[5] = static_cast<std::uint8_t>(number >> 16);
  id[6] = static_cast<std::uint8_t>(number >> 8);
  id[7] = static_cast<std::uint8_t>(number);
  return id;
}

constexpr std::uint64_t epoch = 1'700'000'000'000'000'000;
constexpr std::uint64_t ms = 1'000'000;

inline std::shared_ptr<const resource> service(const std::string& name) {
  auto made = std::make_shared<resource>();
  made->attributes.push_back({"service.name", {name}});
  return made;
}

/// A SERVER span of `trace` that starts and ends so many milliseconds after the epoch; parent 0 makes it a root.
inline span sample(unsigned trace, unsigned id, unsigned parent, const std::string& name, std::uint64_t start_ms = 0,
                   std::uint64_t end_ms = 10, const std::string& service_name = "web") {
  span out;
  out.trace_id = trace_number(trace);
  out.span_id = span_number(id);
  if (parent != 0) out.parent_span_id = span_number(parent);
  out.name = name;
  out.kind = span_kind::server;
  out.start_unix_nano = epoch + start_ms * ms;
  out.end_unix_nano = epoch + end_ms * ms;
  out.resource = service(service_name);
  out.scope = "sidespan";
  return out;
}

}  // namespace sidespan::viewer::test

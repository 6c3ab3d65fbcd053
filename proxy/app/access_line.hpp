// SPDX-License-Identifier: Apache-2.0
//
// One line of the access log: a finished exchange or opaque connection as JSON or as text, with the query treated as on
// spans (SC-30) and everything that strangers wrote escaped and cut to a bound. Pure; one object per shard, on its
// thread; allocates nothing once warm.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "forward/observer.hpp"
#include "trace/settings.hpp"

namespace sidespan::app {

struct access_line_settings {
  /// Else text.
  bool json = true;
  trace::query_policy url_query = trace::query_policy::redact;
  /// As trace::settings.
  std::vector<std::string> redacted_query_keys;
};

class access_line {
 public:
  explicit access_line(access_line_settings how) : how_(std::move(how)) {}

  /// The line, its newline included; valid until the next call. `at`: when the exchange ended.
  std::string_view write(const forward::finished_exchange& what, base::wall_time at);
  std::string_view write(const forward::finished_tunnel& what, base::wall_time at);

 private:
  // What strangers write must not fill the log; longer values are cut.
  static constexpr std::size_t most_method = 64;
  static constexpr std::size_t most_target = 2048;
  static constexpr std::size_t most_text = 512;
  static constexpr std::size_t most_foreign = 16;

  template <class Finished>
  std::string_view line_of(const Finished& what, base::wall_time at);
  void write_json(const forward::finished_exchange& what, base::wall_time at);
  void write_text(const forward::finished_exchange& what, base::wall_time at);
  void write_json(const forward::finished_tunnel& what, base::wall_time at);
  void write_text(const forward::finished_tunnel& what, base::wall_time at);
  void begin_json(base::wall_time at, bool inbound, std::string_view listener, std::string_view peer);
  void end_json(const trace::context* context);
  void begin_text(base::wall_time at, bool inbound, std::string_view listener, std::string_view peer);
  void end_text(const trace::context* context);
  static void append_number(std::string& out, std::uint64_t value);
  static void append_upstream(std::string& out, const forward::finished_exchange& what);
  static std::uint64_t microseconds(base::nanoseconds duration);
  void member(std::string_view name, std::string_view value);
  void member(std::string_view name, std::uint64_t value);
  void quoted(std::string_view text, std::size_t limit);
  void column(std::string_view text);
  void escaped(std::string_view text, std::size_t limit);
  std::string_view target_of(std::string_view raw);
  std::string_view first_line_of(std::string_view raw);

  access_line_settings how_;
  std::string line_;
  std::string clean_;
  std::string target_;
};

}  // namespace sidespan::app

// SPDX-License-Identifier: Apache-2.0
//
// What an operator can choose about the viewer. Filled by config or by the `viewer` sub-command, read once by viewer;
// plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sidespan::viewer {

struct settings {
  /// Address of the web page. Loopback unless told otherwise: spans show what services say to each other.
  std::string address = "127.0.0.1";
  /// Port of the web page; 0 lets the system pick one.
  std::uint16_t port = 7180;
  /// Host names, beside loopback names and IP addresses, under which browsers may reach the page.
  std::vector<std::string> allowed_hosts;
  /// SQLite file that keeps the traces over a restart; empty keeps them in memory.
  std::string db;
  /// The store stays below this many bytes: whole traces go, oldest first.
  std::uint64_t max_size = 512ull * 1024 * 1024;
  /// Traces that arrived longer ago than this go; 0 keeps them until max_size.
  std::chrono::seconds max_age = std::chrono::hours(24);
  /// How long spans may wait to be stored together; also how far the live view lags.
  std::chrono::milliseconds batch_delay{100};
  /// Between two looks for traces that are too old; without them only new spans make old ones go.
  std::chrono::milliseconds housekeeping{60000};
  /// Shown by the empty page: where spans are received.
  std::string otlp_address = "127.0.0.1:4317";
  /// Shown by the empty page: the command that makes the first span.
  std::string first_command = "curl -i http://localhost:8080/";

  friend bool operator==(const settings&, const settings&) = default;
};

}  // namespace sidespan::viewer

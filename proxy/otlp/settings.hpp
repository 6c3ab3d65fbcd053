// SPDX-License-Identifier: Apache-2.0
//
// Settings of the OTLP exporter and receiver: plain values, checked by config. Copied at start-up.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace sidespan::otlp {

struct exporter_settings {
  /// `http://host:port` (plain text) or `https://host:port` (TLS).
  std::string endpoint = "http://localhost:4317";
  bool gzip = false;
  /// Sent as metadata with every request (authentication); values are secrets.
  std::vector<std::pair<std::string, std::string>> headers;
  /// Of one try.
  std::chrono::milliseconds timeout{10000};
  /// PEM file of authorities for https; empty: the system's.
  std::string ca_file;

  friend bool operator==(const exporter_settings&, const exporter_settings&) = default;
};

struct resource_settings {
  /// service.name: the application's, not the sidecar's.
  std::string service = "unknown_service";
  /// Further resource attributes, service.instance.id included when configured.
  std::vector<std::pair<std::string, std::string>> attributes;

  friend bool operator==(const resource_settings&, const resource_settings&) = default;
};

struct receiver_settings {
  std::string listen = "127.0.0.1:4317";
};

}  // namespace sidespan::otlp

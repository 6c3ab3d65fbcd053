// SPDX-License-Identifier: Apache-2.0
//
// Everything a running sidespan needs to know: the settings of every folder in one value. config::load makes it from
// flags, environment and file; app::run copies it at start-up. Plain values, no I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "collect/settings.hpp"
#include "correlate/settings.hpp"
#include "forward/settings.hpp"
#include "otlp/settings.hpp"
#include "trace/settings.hpp"
#include "viewer/settings.hpp"

namespace sidespan::app {

struct drain_settings {
  /// Between "not ready" and the first closed listener: time for load balancers to notice.
  std::chrono::milliseconds delay{0};
  /// Longest time for exchanges in flight to finish and spans to be flushed, after the delay.
  std::chrono::milliseconds timeout{25000};
};

struct log_settings {
  base::log_level level = base::log_level::info;
  /// `automatic`: text on a terminal, JSON otherwise.
  base::log_format format = base::log_format::automatic;
  /// One line per finished exchange: "stdout", "stderr", or the name of a file. nullopt: none.
  std::optional<std::string> access;
  /// Of these lines; `automatic` as above, by their own destination.
  base::log_format access_format = base::log_format::automatic;
};

/// The embedded viewer: its page, and the receiver that feeds it.
struct embedded_viewer_settings {
  viewer::settings page;
  /// Address and port of its OTLP/gRPC receiver.
  std::string otlp_listen = "127.0.0.1:4317";

  friend bool operator==(const embedded_viewer_settings&, const embedded_viewer_settings&) = default;
};

struct settings {
  /// service.name of every span: the app's name, not the sidecar's. Same as resource.service.
  std::string service;
  /// Inbound, then outbound, then the forward proxy, each in the order of the file. At least one, and no two on one
  /// port.
  std::vector<forward::listener_settings> listeners;
  forward::settings forward;
  trace::settings trace;
  /// nullopt: `trace.correlate: off`, outbound requests without a context start new traces.
  std::optional<correlate::settings> correlate;
  /// nullopt: nothing is exported (OTEL_TRACES_EXPORTER=none).
  std::optional<otlp::exporter_settings> exporter;
  otlp::resource_settings resource;
  collect::settings collect;
  /// Address and port of the read-only admin page; empty: none.
  std::string admin_listen = "0.0.0.0:7190";
  /// nullopt: no viewer inside this process.
  std::optional<embedded_viewer_settings> viewer;
  drain_settings drain;
  log_settings log;
  /// Shards, one thread each. 1..
  std::size_t workers = 1;
  /// The file all this came from; empty: none.
  std::string config_path;
  /// 16 hex digits over the file's bytes; the same for equal files; "none" without a file. Shown at start and in
  /// /build.
  std::string config_hash;
};

}  // namespace sidespan::app

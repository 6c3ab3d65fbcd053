// SPDX-License-Identifier: Apache-2.0
//
// The JSON that the page and scripts read: /api/traces, /api/traces/{id}, /api/services, /api/stats, /api/about. Owned
// by viewer, on its thread; errors are answers ({"error": …}), never exceptions.
#pragma once

#include <optional>
#include <string>

#include "viewer/query.hpp"
#include "viewer/settings.hpp"
#include "viewer/store.hpp"
#include "wire/pages.hpp"

namespace sidespan::viewer {

/// Spans of one trace that are served at most; the answer's spans_total says how many there are.
inline constexpr std::size_t max_served_spans = 50'000;

class api {
 public:
  api(database& data, query& reader, store& writer, settings shown);

  /// For paths under /api/; anything unknown is a 404.
  wire::page_response respond(const wire::page_request& request);

  /// What /api/stats answers; `problem` is why storing failed last, empty when it works.
  std::string stats();
  void report_queue_drops(std::uint64_t spans) { queue_drops_ += spans; }
  void report_problem(std::string text) { problem_ = std::move(text); }

 private:
  wire::page_response list(const wire::page_request& request);
  wire::page_response one(const std::string& id);
  wire::page_response services();
  wire::page_response about() const;

  database& data_;
  query& query_;
  store& store_;
  settings settings_;
  std::uint64_t queue_drops_ = 0;
  std::string problem_;
};

/// One trace summary as JSON, as lists and the live stream carry it.
std::string json_of(const trace_summary& item);

wire::page_response json_response(std::string body);
wire::page_response json_error(unsigned status, const std::string& text);

}  // namespace sidespan::viewer

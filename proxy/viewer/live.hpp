// SPDX-License-Identifier: Apache-2.0
//
// The live tail: server-sent events to every open page. `trace` events carry a summary of a trace that is new or has
// grown, `stats` events the totals; `more` says that summaries were left out and the list should be read again. Owned
// by viewer, on its thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "viewer/query.hpp"
#include "wire/pages.hpp"

namespace sidespan::viewer {

class live {
 public:
  wire::page_response subscribe();
  bool watched();  // someone is listening

  void publish(std::span<const trace_summary> traces, bool more, std::string_view stats);
  void close();

 private:
  std::vector<std::shared_ptr<wire::page_stream>> streams_;
};

}  // namespace sidespan::viewer

// SPDX-License-Identifier: Apache-2.0
//
// The ladder (stage correlate): an outbound request came; whose child is it, by what evidence, how sure? The first rung
// that answers wins. Rungs 0, 1, 4 and 6; the background estimate tells rung 4 how likely the call is nobody's child.
// One object per process; decide() and the counters may be called from any shard (the estimate behind it is guarded by
// a mutex that is only taken for outbound requests without a forwarded context).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "correlate/estimate.hpp"
#include "correlate/ledger.hpp"
#include "correlate/settings.hpp"
#include "http/fields.hpp"
#include "trace/record.hpp"

namespace sidespan::correlate {

enum class method : std::uint8_t { traceparent, header, exclusive, candidates, none };
std::string_view name(method value) noexcept;

/// The answer. `parent` is set when a parent is asserted. With method::candidates: `links` are filled, most recent
/// first, and, only when all candidates share one trace and the confidence reaches the threshold, `same_trace` holds a
/// context of that trace (the oldest candidate's; which of them is the parent stays unknown).
struct verdict {
  enum method method = method::none;
  /// That the answer is right: the asserted parent; with candidates, that the parent is among those in flight; with
  /// none, that there is no parent.
  double confidence = 1.0;
  std::optional<trace::context> parent;
  std::optional<trace::context> same_trace;
  std::size_t candidates = 0;  // in flight when asked
  std::vector<trace::link> links;
};

class ladder {
 public:
  /// Copies the settings; the ledger must outlive the ladder.
  ladder(const settings& settings, const ledger& ledger);
  ~ladder();

  /// `forwarded` is what extract() found in the outbound request, null when there was none. Ask once per exchange, not
  /// per attempt: every answer below rung 1 counts as one call in the estimate.
  verdict decide(const trace::context* forwarded, const http::fields& request, const endpoint_key& endpoint,
                 base::steady_time now);

  /// Decisions by method, for metrics: index by static_cast<size_t>(method).
  struct counters {
    std::uint64_t by_method[5] = {};
  };
  counters counts() const noexcept;

  ladder(const ladder&) = delete;
  ladder& operator=(const ladder&) = delete;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sidespan::correlate

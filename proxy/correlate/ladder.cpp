// SPDX-License-Identifier: Apache-2.0
#include "correlate/ladder.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/text.hpp"

namespace sidespan::correlate {
namespace {

/// Candidates looked at for one answer. More in flight than this are not all in one trace in any real application, and
/// the links are fewer anyway.
constexpr std::size_t candidates_examined = 64;

verdict asserted(method by, double confidence, trace::context parent, std::size_t candidates) {
  verdict answer;
  answer.method = by;
  answer.confidence = confidence;
  answer.parent = std::move(parent);
  answer.candidates = candidates;
  return answer;
}

bool in_one_trace(const std::vector<in_flight>& all) noexcept {
  const auto same = [&](const in_flight& one) { return one.context.trace == all.front().context.trace; };
  return !all.empty() && std::all_of(all.begin(), all.end(), same);
}

}  // namespace

std::string_view name(method value) noexcept {
  switch (value) {
    case method::traceparent:
      return "traceparent";
    case method::header:
      return "header";
    case method::exclusive:
      return "exclusive";
    case method::candidates:
      return "candidates";
    case method::none:
      return "none";
  }
  return "none";
}

struct ladder::state {
  state(const settings& settings, const ledger& ledger) : chosen(settings), inbound(ledger) {}

  verdict climb(const trace::context* forwarded, const http::fields& request, const endpoint_key& endpoint,
                base::steady_time now);
  std::optional<in_flight> by_header(const http::fields& request) const;
  verdict by_occupancy(const endpoint_key& endpoint, base::steady_time now);
  verdict among(const std::vector<in_flight>& found, std::size_t count, double chance) const;
  double chance_caused(const endpoint_key& endpoint, company with, base::steady_time since, base::steady_time now);

  const settings chosen;
  const ledger& inbound;
  std::mutex estimate_mutex;
  background_estimate estimate;
  std::atomic<std::uint64_t> by_method[5] = {};
};

// Rung 0 is what the application said itself; nothing below may contradict it.
verdict ladder::state::climb(const trace::context* forwarded, const http::fields& request, const endpoint_key& endpoint,
                             base::steady_time now) {
  const std::size_t count = inbound.count();
  if (forwarded != nullptr && forwarded->valid()) return asserted(method::traceparent, 1.0, *forwarded, count);
  if (chosen.header && count != 0) {
    if (auto found = by_header(request)) return asserted(method::header, 1.0, std::move(found->context), count);
  }
  return by_occupancy(endpoint, now);
}

// Two ids that name two requests contradict each other: then neither is evidence.
std::optional<in_flight> ladder::state::by_header(const http::fields& request) const {
  std::optional<in_flight> found;
  for (const http::field& field : request) {
    const auto names_it = [&](const std::string& id_field) { return base::iequals(id_field, field.name); };
    if (std::none_of(chosen.id_fields.begin(), chosen.id_fields.end(), names_it)) continue;
    in_flight match;
    if (!inbound.find_by_request_id(field.value, match)) continue;
    if (found && found->serial != match.serial) return std::nullopt;
    found = std::move(match);
  }
  return found;
}

verdict ladder::state::by_occupancy(const endpoint_key& endpoint, base::steady_time now) {
  if (auto only = inbound.sole()) {
    const double chance = chance_caused(endpoint, company::one, only->since, now);
    if (chosen.exclusive && chance >= chosen.threshold) {
      return asserted(method::exclusive, chance, std::move(only->context), 1);
    }
    return among({std::move(*only)}, 1, chance);
  }
  std::vector<in_flight> found;
  const std::size_t count = inbound.snapshot(candidates_examined, found, ledger::order::newest_first);
  if (count == 0) {
    chance_caused(endpoint, company::none, now, now);
    return {};
  }
  const base::steady_time oldest = found.empty() ? now : found.back().since;
  return among(found, count, chance_caused(endpoint, company::several, oldest, now));
}

// Rung 6. Timing ranks the links and asserts nothing: each candidate is as likely as the next.
verdict ladder::state::among(const std::vector<in_flight>& found, std::size_t count, double chance) const {
  verdict answer;
  answer.candidates = count;
  if (!chosen.candidates) {
    answer.confidence = 1.0 - chance;
    return answer;
  }
  answer.method = method::candidates;
  answer.confidence = chance;
  const std::size_t links = std::min(found.size(), chosen.candidate_links);
  answer.links.reserve(links);
  for (std::size_t i = 0; i < links; ++i) {
    const trace::context& context = found[i].context;
    const double each = chance / static_cast<double>(count);
    answer.links.push_back({context.trace, context.span, static_cast<std::uint8_t>(context.flags), each});
  }
  const bool all_known = found.size() == count;
  if (all_known && chance >= chosen.threshold && in_one_trace(found)) answer.same_trace = found.back().context;
  return answer;
}

double ladder::state::chance_caused(const endpoint_key& endpoint, company with, base::steady_time since,
                                    base::steady_time now) {
  const ledger::occupancy times = inbound.time_by_occupancy(now);
  const std::lock_guard lock(estimate_mutex);
  return estimate.observe({endpoint, with, times, since, now});
}

ladder::ladder(const settings& settings, const ledger& ledger) : state_(std::make_unique<state>(settings, ledger)) {}
ladder::~ladder() = default;

verdict ladder::decide(const trace::context* forwarded, const http::fields& request, const endpoint_key& endpoint,
                       base::steady_time now) {
  verdict answer = state_->climb(forwarded, request, endpoint, now);
  state_->by_method[static_cast<std::size_t>(answer.method)].fetch_add(1, std::memory_order_relaxed);
  return answer;
}

ladder::counters ladder::counts() const noexcept {
  counters copy;
  for (std::size_t i = 0; i < std::size(copy.by_method); ++i) {
    copy.by_method[i] = state_->by_method[i].load(std::memory_order_relaxed);
  }
  return copy;
}

}  // namespace sidespan::correlate

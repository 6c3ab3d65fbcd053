// SPDX-License-Identifier: Apache-2.0
//
// A leg as its exchanges see it: one configured listener with its rules compiled. Immutable but for its load; made by
// app once per listener, and again when a reload changes it; shared by all shards.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "forward/settings.hpp"
#include "http/head.hpp"
#include "route/inferred.hpp"
#include "route/table.hpp"
#include "trace/sampler.hpp"
#include "upstream/pool.hpp"

namespace sidespan::forward {

/// What is in flight on a listener, over all shards.
struct load {
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> requests{0};  // counted when there is a limit
};

class leg {
 public:
  using kind = enum listener_settings::leg;

  /// `root` is the sampler of rules that have no ratio of their own. `before`: what the listener was until a reload,
  /// whose pseudonym goes on, so that a loop that is under way is still known, and whose learned routes do.
  leg(listener_settings settings, const trace::sampler_settings& root, base::random_source& random,
      const leg* before = nullptr);

  const listener_settings& settings() const noexcept { return settings_; }
  bool inbound() const noexcept { return settings_.leg == kind::inbound; }
  bool is_forward_proxy() const noexcept { return settings_.leg == kind::forward_proxy; }

  const route::rule_settings* match(std::string_view method, std::string_view host,
                                    std::string_view path) const noexcept {
    return table_.match(method, host, path);
  }
  /// Name of a request whose rule has none, learned from its path; empty when that is off.
  std::string_view infer_route(std::string_view path) const {
    return inferred_ ? inferred_->of(path) : std::string_view();
  }
  /// `rule` is one that match() gave, or null for a forward proxy.
  const trace::sampler& sampler_for(const route::rule_settings* rule) const noexcept;
  const cluster_settings& cluster_of(const route::rule_settings& rule) const noexcept {
    return settings_.clusters[rule.cluster];
  }

  /// The cluster of `rule` in the pool of a shard.
  upstream::group& upstream_of(const route::rule_settings& rule, upstream::pool& in) const {
    return in.find(upstreams_[rule.cluster], keys_[rule.cluster]);
  }
  /// Of an opaque leg.
  const route::rule_settings& only_rule() const noexcept { return table_.rules().front(); }
  const std::vector<upstream::endpoint>& endpoints_of(const route::rule_settings& rule) const noexcept {
    return upstreams_[rule.cluster].endpoints;
  }

  /// The only part that changes; goes on over reloads.
  load& current_load() const noexcept { return *load_; }

  /// `sidespan-3f9a…`, random per process and leg, so that two sidecars in one call are no loop (H1-28).
  std::string_view pseudonym() const noexcept { return pseudonym_; }
  /// `1.1 sidespan-3f9a…`, by the version the message came in with.
  std::string_view via(http::version received) const noexcept;

 private:
  listener_settings settings_;
  route::table table_;
  std::shared_ptr<route::inferred_routes> inferred_;  // a cache that all shards share, and that goes on over reloads
  trace::sampler root_sampler_;
  std::vector<trace::sampler> samplers_;               // one per rule of the table
  std::vector<upstream::cluster_settings> upstreams_;  // one per cluster
  std::vector<std::string> keys_;                      // of each
  std::string pseudonym_;
  std::shared_ptr<load> load_;
  std::string via_1_0_, via_1_1_, via_2_;
};

}  // namespace sidespan::forward

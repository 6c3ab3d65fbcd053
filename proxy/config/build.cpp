// SPDX-License-Identifier: Apache-2.0
#include "config/build.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "config/address.hpp"
#include "config/check.hpp"
#include "config/draft.hpp"
#include "config/read.hpp"
#include "route/table.hpp"

namespace sidespan::config {
namespace {

using leg = enum forward::listener_settings::leg;

bool is_listener(const path& path) { return path.size() >= 2 && (path[0] == "inbound" || path[0] == "outbound"); }
bool is_rule(const path& path) { return path.size() >= 4 && path[2] == "routes"; }

listener_draft new_listener(const setting& section) {
  listener_draft out;
  out.where = section.where;
  out.settings.key = section.path[1];
  if (section.path[1] == "proxy") {
    out.settings.leg = leg::forward_proxy;
    out.settings.address.clear();  // until `listen` says where
    return out;
  }
  const bool inbound = section.path[0] == "inbound";
  out.settings.leg = inbound ? leg::inbound : leg::outbound;
  address where;
  // Checked when it was read; inbound is for others, outbound for the app alone (decision 18).
  parse_listen(section.path[1], inbound ? "*" : "127.0.0.1", where);
  out.settings.address = where.host;
  out.settings.port = where.port;
  return out;
}

/// Assigns every value in the order it was given; a section comes before what is below it.
class assigner {
 public:
  assigner(const values& given, draft& into) : given_(given), draft_(into) {}

  void run() {
    for (const setting& each : given_.all()) {
      if (!each.row->assign) continue;
      if (is_listener(each.path)) enter(each);
      each.row->assign(draft_, each);
    }
  }

 private:
  void enter(const setting& each) {
    const path section(each.path.begin(), each.path.begin() + 2);
    const auto [place, fresh] = listeners_.try_emplace(section, draft_.listeners.size());
    if (fresh) {
      draft_.listeners.push_back(new_listener(each));
      draft_.listeners.back().incomplete = given_.failed(section);
    }
    draft_.listener = &draft_.listeners[place->second];
    if (!is_rule(each.path)) return;
    const path rule(each.path.begin(), each.path.begin() + 4);
    auto& rules = draft_.listener->rules;
    const auto [index, new_rule] = rules_.try_emplace(rule, rules.size());
    if (new_rule) {
      rules.emplace_back().where = each.where;
      rules.back().index = rule.back();
      rules.back().incomplete = given_.failed(rule);
    }
    draft_.rule = &rules[index->second];
  }

  const values& given_;
  draft& draft_;
  std::map<path, std::size_t> listeners_;
  std::map<path, std::size_t> rules_;
};

/// Index of the cluster in the listener, added when it is new.
std::size_t cluster_index(std::vector<forward::cluster_settings>& clusters, forward::cluster_settings to,
                          const std::string& name) {
  if (!name.empty()) to.name = name;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (clusters[i].endpoints == to.endpoints && clusters[i].name == to.name) return i;
  }
  clusters.push_back(std::move(to));
  return clusters.size() - 1;
}

/// A rule behind one that takes everything it could match was not meant so.
void check_reachable(const listener_draft& from, report& problems) {
  std::vector<route::rule_settings> rules;
  for (const rule_draft& each : from.rules) rules.push_back(each.rule);
  const auto place = [&from](std::size_t rule) { return ".routes[" + from.rules[rule].index + "]"; };
  for (const auto& [rule, by] : route::table(rules).find_unreachable()) {
    if (from.rules[rule].incomplete || from.rules[by].incomplete) continue;
    problems.error(from.rules[rule].where, describe_listener(from) + place(rule) + ": can never match, because " +
                                               place(by).substr(1) + " (line " +
                                               std::to_string(from.rules[by].where.line) + ") takes all its requests");
  }
}

/// Opaque TCP when the listener or its upstream says so; both together must make sense.
void decide_protocol(listener_draft& from, report& problems) {
  using protocol = enum forward::cluster_settings::protocol;
  const auto goes_to = [](const auto& to, protocol wanted) { return to && to->protocol == wanted; };
  const auto refuse = [&](const origin& where, const char* problem) {
    problems.error(where, describe_listener(from) + problem);
  };
  const bool says_tcp = from.protocol == "tcp";
  const bool goes_to_tcp = goes_to(from.to, protocol::tcp);
  from.settings.opaque = says_tcp || goes_to_tcp;
  if (says_tcp && goes_to(from.to, protocol::http)) refuse(from.where, ": protocol tcp, but `to` is http://");
  if (from.protocol == "http1" && goes_to_tcp) refuse(from.where, ": protocol http1, but `to` is tcp://");
  if (from.settings.opaque && !from.rules.empty())
    refuse(from.rules.front().where, ".routes: opaque TCP has no requests that could be told apart");
  using forward::listener_settings;
  const bool tells_callers_apart = from.settings.trust != listener_settings::trust::all ||
                                   from.settings.forwarded != listener_settings::forwarded::append;
  if (from.settings.opaque && tells_callers_apart)
    refuse(from.where, ": `trust` and `forwarded` are for HTTP, of which opaque TCP knows nothing");
  for (const rule_draft& each : from.rules) {
    if (goes_to(each.to, protocol::tcp)) refuse(each.where, ".routes: tcp:// is for the `to` of a listener");
  }
}

/// Rules and clusters of a listener from what was written: routes first, `to` as the rule for everything else.
void finish(listener_draft& from, report& problems) {
  forward::listener_settings& out = from.settings;
  if (out.leg == leg::forward_proxy) return;
  decide_protocol(from, problems);
  check_reachable(from, problems);
  for (rule_draft& each : from.rules) {
    if (!each.rule.path_prefix.empty() && !each.rule.path_template.empty()) {
      problems.error(each.where, describe_listener(from) + ".routes: a route has either `match` with a path or `path`");
    }
    if (!each.to && !from.to) {
      if (each.incomplete || from.incomplete) continue;
      problems.error(each.where,
                     describe_listener(from) + ".routes: a route needs `to`, because the listener has none");
      continue;
    }
    each.rule.cluster = cluster_index(out.clusters, each.to ? *each.to : *from.to, each.to ? "" : from.cluster_name);
    out.rules.push_back(std::move(each.rule));
  }
  if (from.to) {
    route::rule_settings rest;
    rest.cluster = cluster_index(out.clusters, *from.to, from.cluster_name);
    out.rules.push_back(std::move(rest));
  } else if (from.rules.empty() && !from.incomplete) {
    problems.error(from.where, describe_listener(from) + ": needs `to` or `routes`: where do its requests go?");
  }
}

}  // namespace

app::settings build(const values& given, std::size_t processors, const origin& whole, report& problems) {
  draft work;
  work.processors = processors;
  assigner(given, work).run();
  for (listener_draft& each : work.listeners) finish(each, problems);
  // A small queue alone is no mistake: the preset batch gives way to it.
  collect::settings& collect = work.settings.collect;
  if (given.find({"export", "queue", "batch"}) == nullptr)
    collect.batch_spans = std::min(collect.batch_spans, collect.queue_spans);
  check(work, given, whole, problems);
  app::settings out = std::move(work.settings);
  out.resource.service = out.service;
  for (const leg each : {leg::inbound, leg::outbound, leg::forward_proxy}) {
    for (listener_draft& from : work.listeners) {
      if (from.settings.leg != each) continue;
      from.settings.inferred_routes = work.inferred_routes;
      out.listeners.push_back(std::move(from.settings));
    }
  }
  if (work.has_correlate) out.correlate = std::move(work.correlate);
  if (work.has_exporter) out.exporter = std::move(work.exporter);
  if (work.has_viewer) out.viewer = std::move(work.viewer);
  return out;
}

app::embedded_viewer_settings build_viewer(const values& given, report& problems) {
  draft work;
  assigner(given, work).run();
  work.has_viewer = true;
  check_viewer(work, given, problems);
  return std::move(work.viewer);
}

}  // namespace sidespan::config

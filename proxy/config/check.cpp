// SPDX-License-Identifier: Apache-2.0
#include "config/check.hpp"

#include <algorithm>
#include <tuple>

#include "config/address.hpp"

namespace sidespan::config {
namespace {

using leg = enum forward::listener_settings::leg;

/// Something that binds a port.
struct bound {
  std::string name;
  address at;
  origin where;
};

bool is_loopback(std::string_view host) { return host.substr(0, 4) == "127." || host == "::1" || host == "localhost"; }
bool is_any(std::string_view host) { return host == "*" || host == "0.0.0.0" || host == "::"; }

origin place_of(const values& given, const path& path, const origin& otherwise) {
  const setting* found = given.find(path);
  return found ? found->where : otherwise;
}

address parsed(const std::string& listen) {
  address out;
  if (!listen.empty()) parse_listen(listen, "127.0.0.1", out);
  return out;
}

std::vector<bound> all_bound(const draft& work, const values& given, const origin& whole) {
  std::vector<bound> out;
  for (const listener_draft& each : work.listeners) {
    out.push_back({describe_listener(each), {each.settings.address, each.settings.port}, each.where});
  }
  const address admin = parsed(work.settings.admin_listen);
  if (!admin.host.empty()) out.push_back({"admin.listen", admin, place_of(given, {"admin", "listen"}, whole)});
  if (work.has_viewer) {
    const origin section = place_of(given, {"viewer"}, whole);
    out.push_back({"viewer.listen",
                   {work.viewer.page.address, work.viewer.page.port},
                   place_of(given, {"viewer", "listen"}, section)});
    out.push_back({"viewer.otlp", parsed(work.viewer.otlp_listen), place_of(given, {"viewer", "otlp"}, section)});
  }
  return out;
}

void check_ports(std::vector<bound> all, report& problems) {
  // The later one in the file is the one to change; defaults have no place and are never blamed.
  const auto after = [](const bound& a, const bound& b) {
    return std::tuple(a.where.layer, a.where.line, a.where.column) <
           std::tuple(b.where.layer, b.where.line, b.where.column);
  };
  std::stable_sort(all.begin(), all.end(), after);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const bool overlap = all[i].at.host == all[j].at.host || is_any(all[i].at.host) || is_any(all[j].at.host);
      if (all[i].at.port == 0 || all[i].at.port != all[j].at.port || !overlap) continue;
      problems.error(all[i].where,
                     all[i].name + ": port " + std::to_string(all[i].at.port) + " is already taken by " + all[j].name);
      break;
    }
  }
}

/// A listener whose upstream is itself would forward every request to itself until its connections run out.
void check_loops(const draft& work, report& problems) {
  for (const listener_draft& each : work.listeners) {
    const auto itself = [&](const upstream::endpoint& to) {
      const bool here =
          is_any(each.settings.address)
              ? is_loopback(to.host) || is_any(to.host)
              : to.host == each.settings.address || (to.host == "localhost" && is_loopback(each.settings.address));
      return here && to.port == each.settings.port;
    };
    const auto holds = [&](const forward::cluster_settings& to) {
      return std::any_of(to.endpoints.begin(), to.endpoints.end(), itself);
    };
    if (std::any_of(each.settings.clusters.begin(), each.settings.clusters.end(), holds)) {
      problems.error(each.where, describe_listener(each) + ": sends its requests to itself");
    }
  }
}

void check_exposed(const draft& work, report& problems) {
  for (const listener_draft& each : work.listeners) {
    if (each.settings.leg == leg::inbound || is_loopback(each.settings.address) || each.settings.address.empty())
      continue;
    const char* what = each.settings.leg == leg::forward_proxy ? "an open proxy" : "a way to its upstreams";
    problems.warning(each.where,
                     describe_listener(each) + ": reachable from other hosts, which makes it " + what + " for them");
  }
}

void check_present(const draft& work, const values& given, const origin& whole, report& problems) {
  if (work.settings.service.empty() && !given.failed({"service"})) {
    problems.error(whole,
                   "service is required: the name of the application beside sidespan (or set OTEL_SERVICE_NAME)");
  }
  const bool tried = given.failed({"inbound"}) || given.failed({"outbound"});
  if (work.listeners.empty() && !tried)
    problems.error(whole, whole.line != 0
                              ? "no listeners: give at least one under inbound or outbound"
                              : "no listeners: give a file with --config, or listeners with --in and --out");
  for (const listener_draft& each : work.listeners) {
    if (each.settings.leg == leg::forward_proxy && each.settings.address.empty() && !each.incomplete) {
      problems.error(each.where, "outbound.proxy: needs `listen`, like 127.0.0.1:7128");
    }
  }
}

}  // namespace

std::string describe_listener(const listener_draft& listener) {
  switch (listener.settings.leg) {
    case leg::inbound:
      return "inbound." + listener.settings.key;
    case leg::outbound:
      return "outbound." + listener.settings.key;
    case leg::forward_proxy:
      return "outbound.proxy";
  }
  return {};
}

void check_viewer(const draft& work, const values& given, report& problems) {
  if (!work.has_viewer || is_loopback(work.viewer.page.address)) return;
  problems.warning(place_of(given, {"viewer", "listen"}, {}),
                   "viewer.listen: reachable from other hosts, and the viewer asks nobody for a password");
}

void check(const draft& work, const values& given, const origin& whole, report& problems) {
  check_present(work, given, whole, problems);
  check_ports(all_bound(work, given, whole), problems);
  check_loops(work, problems);
  check_exposed(work, problems);
  check_viewer(work, given, problems);
  const collect::settings& collect = work.settings.collect;
  if (collect.batch_spans > collect.queue_spans) {
    problems.error(place_of(given, {"export", "queue", "batch"}, place_of(given, {"export", "queue", "spans"}, whole)),
                   "export.queue.batch: larger than the queue of " + std::to_string(collect.queue_spans));
  }
  if (collect.retry_initial > collect.retry_max) {
    problems.error(place_of(given, {"export", "retry", "initial"}, place_of(given, {"export", "retry", "max"}, whole)),
                   "export.retry.initial: longer than export.retry.max");
  }
}

}  // namespace sidespan::config

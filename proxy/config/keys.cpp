// SPDX-License-Identifier: Apache-2.0
#include "config/keys.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "config/draft.hpp"
#include "config/values.hpp"

namespace sidespan::config {
namespace {

using std::chrono::milliseconds;

template <typename T>
const T& as(const setting& s) {
  return std::get<T>(s.value);
}

std::string host_port(const address& where) {
  if (where.host.empty()) return "";
  const bool v6 = where.host.find(':') != std::string::npos;
  return (v6 ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port);
}

bool holds(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

void assign_rungs(draft& d, const setting& s) {
  const auto& rungs = as<std::vector<std::string>>(s);
  const bool all = holds(rungs, "auto");
  d.has_correlate = !holds(rungs, "off");
  d.correlate.header = all || holds(rungs, "header");
  d.correlate.exclusive = all || holds(rungs, "exclusive");
  d.correlate.candidates = all || holds(rungs, "candidates");
}

void assign_propagators(draft& d, const setting& s) {
  d.settings.trace.tracecontext = holds(as<std::vector<std::string>>(s), "tracecontext");
  d.settings.trace.baggage = holds(as<std::vector<std::string>>(s), "baggage");
}

void assign_query(draft& d, const setting& s) {
  const auto& word = as<std::string>(s);
  using policy = trace::query_policy;
  d.settings.trace.url_query = word == "keep" ? policy::keep : word == "drop" ? policy::drop : policy::redact;
}

void assign_endpoint(draft& d, const setting& s) {
  d.has_exporter = as<std::string>(s) != "off";
  if (d.has_exporter) d.exporter.endpoint = as<std::string>(s);
}

void assign_viewer_listen(draft& d, const setting& s) {
  d.has_viewer = !as<address>(s).host.empty();
  d.viewer.page.address = as<address>(s).host;
  d.viewer.page.port = as<address>(s).port;
}

void assign_match(draft& d, const setting& s) {
  match_parts parts = split_match(as<std::string>(s));
  d.rule->rule.method = std::move(parts.method);
  d.rule->rule.path_template = std::move(parts.path_template);
}

base::log_format log_format_of(std::string_view word) {
  using base::log_format;
  return word == "text" ? log_format::text : word == "json" ? log_format::json : log_format::automatic;
}

void assign_log_format(draft& d, const setting& s) { d.settings.log.format = log_format_of(as<std::string>(s)); }

void assign_access(draft& d, const setting& s) {
  const auto& to = as<std::string>(s);
  d.settings.log.access.reset();
  if (to != "off") d.settings.log.access = to == "on" ? "stdout" : to;
}

void assign_proxy_listen(draft& d, const setting& s) {
  d.listener->settings.address = as<address>(s).host;
  d.listener->settings.port = as<address>(s).port;
  d.listener->settings.key = host_port(as<address>(s));
}

// Rows that all listeners of one kind share.
void to_timeout(draft& d, const setting& s) { d.listener->settings.timeout = as<milliseconds>(s); }
void to_connect_timeout(draft& d, const setting& s) { d.listener->settings.connect_timeout = as<milliseconds>(s); }
void to_idle_timeout(draft& d, const setting& s) { d.listener->settings.idle_timeout = as<milliseconds>(s); }
void to_tunnel_idle_timeout(draft& d, const setting& s) {
  d.listener->settings.tunnel_idle_timeout = as<milliseconds>(s);
}
void to_head_timeout(draft& d, const setting& s) { d.listener->settings.request_head_timeout = as<milliseconds>(s); }
void to_via(draft& d, const setting& s) { d.listener->settings.via = as<bool>(s); }
void to_trust(draft& d, const setting& s) {
  using trust = enum forward::listener_settings::trust;
  forward::listener_settings& to = d.listener->settings;
  const auto& words = as<std::vector<std::string>>(s);
  to.trusted = {};
  // Both words stand alone.
  to.trust = words[0] == "all" ? trust::all : words[0] == "none" ? trust::none : trust::listed;
  if (to.trust != trust::listed) return;
  for (const std::string& each : words) to.trusted.add(each);
}
void to_forwarded(draft& d, const setting& s) {
  using forwarded = enum forward::listener_settings::forwarded;
  const auto& word = as<std::string>(s);
  d.listener->settings.forwarded = word == "append"    ? forwarded::append
                                   : word == "replace" ? forwarded::replace
                                                       : forwarded::strip;
}
void to_max_body(draft& d, const setting& s) { d.listener->settings.max_body_bytes = as<std::uint64_t>(s); }
void to_min_rate(draft& d, const setting& s) { d.listener->settings.min_rate = as<std::uint64_t>(s); }
void to_max_connections(draft& d, const setting& s) { d.listener->settings.max_connections = as<std::uint64_t>(s); }
void to_max_requests(draft& d, const setting& s) { d.listener->settings.max_requests = as<std::uint64_t>(s); }
void to_upstream(draft& d, const setting& s) { d.listener->to = as<forward::cluster_settings>(s); }
void to_protocol(draft& d, const setting& s) { d.listener->protocol = as<std::string>(s); }
void to_name(draft& d, const setting& s) { d.listener->cluster_name = as<std::string>(s); }
upstream::policy& policy_of(draft& d) { return d.listener->settings.upstream; }
void to_balance(draft& d, const setting& s) {
  using balance = enum upstream::policy::balance;
  policy_of(d).balance = as<std::string>(s) == "round_robin" ? balance::round_robin : balance::least_request;
}
void to_eject_after(draft& d, const setting& s) {
  policy_of(d).eject_after = static_cast<std::uint32_t>(as<std::uint64_t>(s));
}
void to_eject_5xx(draft& d, const setting& s) { policy_of(d).eject_on_5xx = as<bool>(s); }
void to_eject_time(draft& d, const setting& s) { policy_of(d).eject_time = as<milliseconds>(s); }
void to_eject_longest(draft& d, const setting& s) { policy_of(d).eject_longest = as<milliseconds>(s); }
void to_dns_refresh(draft& d, const setting& s) { policy_of(d).dns_refresh = as<milliseconds>(s); }
void to_connections(draft& d, const setting& s) { policy_of(d).max_connections = as<std::uint64_t>(s); }
void to_pending(draft& d, const setting& s) { policy_of(d).max_pending = as<std::uint64_t>(s); }
void to_retries(draft& d, const setting& s) {
  d.listener->settings.retries.most = static_cast<std::uint32_t>(as<std::uint64_t>(s));
}
void to_retry_budget(draft& d, const setting& s) { d.listener->settings.retries.budget = as<double>(s); }
void to_retry_always(draft& d, const setting& s) {
  d.listener->settings.retries.always = static_cast<std::uint32_t>(as<std::uint64_t>(s));
}
void to_retry_body(draft& d, const setting& s) { d.listener->settings.retries.max_body_bytes = as<std::uint64_t>(s); }
void rule_retries(draft& d, const setting& s) {
  d.rule->rule.retries = static_cast<std::uint32_t>(as<std::uint64_t>(s));
}
void rule_upstream(draft& d, const setting& s) { d.rule->to = as<forward::cluster_settings>(s); }
void rule_host(draft& d, const setting& s) { d.rule->rule.host = as<std::string>(s); }
void rule_path(draft& d, const setting& s) { d.rule->rule.path_prefix = as<std::string>(s); }
void rule_name(draft& d, const setting& s) { d.rule->rule.name = as<std::string>(s); }
void rule_timeout(draft& d, const setting& s) { d.rule->rule.timeout = as<milliseconds>(s); }
void rule_sample(draft& d, const setting& s) { d.rule->rule.sample = as<double>(s); }
void nothing(draft&, const setting&) {}

constexpr std::string_view doc_timeout = "Longest time of a whole exchange, request head to last byte; 0s: no limit.";
constexpr std::string_view doc_connect = "Longest time to connect to the upstream.";
constexpr std::string_view doc_idle = "Longest silence of a kept-alive connection or of a body in transfer.";
constexpr std::string_view doc_tunnel_idle =
    "Longest time without a byte either way in an upgraded connection (WebSocket), a CONNECT or opaque TCP; 0s: no "
    "limit.";
constexpr std::string_view doc_head = "Longest time from the first byte of a request to the end of its head.";
constexpr std::string_view doc_trust =
    "Callers that are no strangers: all, none, or a list of addresses and networks like `10.0.0.0/8` or `fd00::/8`; "
    "IPv4 callers are in IPv4 networks only. "
    "A stranger's trace context is not continued but restarted; its `X-Forwarded-*`, `X-Real-IP` and `Forwarded` are "
    "dropped.";
constexpr std::string_view doc_forwarded =
    "What the application is told of the caller in `X-Forwarded-For` and `X-Forwarded-Proto`. `append`: behind what "
    "trusted callers said; "
    "`replace`: the caller's own address, and what it said in `X-Forwarded-*`, `X-Real-IP` and `Forwarded` is dropped; "
    "`strip`: nothing.";
constexpr std::string_view doc_via = "Add a `Via` field, with a pseudonym, in both directions.";
constexpr std::string_view doc_body = "Largest request body, more is answered with 413; 0: no limit.";
constexpr std::string_view doc_rate =
    "Bytes per second that a request body must bring, and a response must be taken with, on average after 5 s; slower "
    "is 408, or a response that is cut. 0: no limit.";
constexpr std::string_view doc_connections =
    "Most connections of this listener, more wait; 0: only `limits.connections`.";
constexpr std::string_view doc_requests =
    "Most requests of this listener in flight, more are answered with 503 at once; 0: no limit.";
constexpr std::string_view doc_protocol =
    "What the listener speaks; `tcp`: bytes both ways, unread. `auto`: tcp when `to` begins with tcp://, else http1.";
constexpr std::string_view doc_match =
    "`METHOD /path/{variable}`; method or path may be left out. `{rest*}` at the end takes all that is left.";
constexpr std::string_view doc_path = "Path prefix, matched at a `/`. Instead of `match`.";
constexpr std::string_view doc_host = "Host the request must be for, without port; `*.example.com`: any name below it.";
constexpr std::string_view doc_rule_name = "Name of the route (`http.route`); default: the path of `match`.";
constexpr std::string_view doc_rule_sample =
    "Part of the new traces of this route that is recorded; default: the sampler's.";
constexpr std::string_view doc_rule_timeout = "As `timeout` of the listener, for this route.";

constexpr std::string_view doc_balance =
    "Which of several endpoints gets a request: the less busy of two that are drawn, or one after the other.";
constexpr std::string_view doc_eject = "When an endpoint is left alone, if there is another one.";
constexpr std::string_view doc_eject_after =
    "After so many faults in a row: refused, reset, broken or late responses; 0: never.";
constexpr std::string_view doc_eject_5xx = "A status of 500 and above is a fault.";
constexpr std::string_view doc_eject_time = "For how long at first; it doubles each time.";
constexpr std::string_view doc_eject_longest = "For how long at most.";
constexpr std::string_view doc_dns = "How old the addresses of a name may get while there are requests.";
constexpr std::string_view doc_upstream_connections =
    "Most connections to one upstream, per worker; further requests wait for one, up to `connect_timeout`; 0: no "
    "limit.";
constexpr std::string_view doc_pending = "Most requests that wait for one, per worker; more are answered with 503.";

constexpr std::string_view doc_retries =
    "Idempotent requests whose connection ended before a byte of a response are repeated, on another endpoint if there "
    "is one.";
constexpr std::string_view doc_retry_most = "How often at most; 0: never.";
constexpr std::string_view doc_retry_budget =
    "Most repeated requests in flight, as a part of all that are in flight to the upstream.";
constexpr std::string_view doc_retry_always = "So many are always allowed.";
constexpr std::string_view doc_retry_body =
    "Largest body that is kept to be sent again, 0: none. It must have come together with the head.";
constexpr std::string_view doc_rule_retries = "As `retries.most` of the listener, for this route.";

// clang-format off
const auto table = std::to_array<key>({
    {.path = "service", .kind = kind::text, .otel = "OTEL_SERVICE_NAME",
     .doc = "Name of the application beside sidespan: `service.name` of its spans. Required.",
     .restart = true, .assign = [](draft& d, const setting& s) { d.settings.service = as<std::string>(s); }},
    {.path = "resource", .kind = kind::section,
     .doc = "More attributes of every span's resource. Empty values are left out. `OTEL_RESOURCE_ATTRIBUTES` adds to them.", .restart = true},
    {.path = "resource.*", .kind = kind::text, .doc = "Any attribute, like `deployment.environment.name`.",
     .assign = [](draft& d, const setting& s) {
       if (!as<std::string>(s).empty()) d.settings.resource.attributes.emplace_back(s.path[1], as<std::string>(s));
     }},

    {.path = "inbound", .kind = kind::section,
     .doc = "Listeners toward the application, by port or address:port; a port alone is bound on all addresses, port 0 is any free one."},
    {.path = "inbound.*", .kind = kind::listener, .shorthand = "to", .doc = "One listener.", .assign = nothing},
    {.path = "inbound.*.to", .kind = kind::upstream, .doc = "The application: `localhost:3000`, `unix:/run/app.sock`, `tcp://localhost:5432` for what is not HTTP, or a list of such endpoints.", .assign = to_upstream},
    {.path = "inbound.*.name", .kind = kind::text, .doc = "Name of the upstream in logs and metrics; default: host and port of `to`.", .assign = to_name},
    {.path = "inbound.*.protocol", .kind = kind::choice, .preset = "auto", .range = "auto|http1|tcp", .later = "h2c|grpc|http2|h2", .doc = doc_protocol, .assign = to_protocol},
    {.path = "inbound.*.timeout", .kind = kind::duration, .preset = "0s", .range = "0s..24h", .doc = doc_timeout, .assign = to_timeout},
    {.path = "inbound.*.connect_timeout", .kind = kind::duration, .preset = "5s", .range = "1ms..10m", .doc = doc_connect, .assign = to_connect_timeout},
    {.path = "inbound.*.idle_timeout", .kind = kind::duration, .preset = "1m", .range = "10ms..24h", .doc = doc_idle, .assign = to_idle_timeout},
    {.path = "inbound.*.tunnel_idle_timeout", .kind = kind::duration, .preset = "1h", .range = "0s..8760h", .doc = doc_tunnel_idle, .assign = to_tunnel_idle_timeout},
    {.path = "inbound.*.head_timeout", .kind = kind::duration, .preset = "30s", .range = "10ms..1h", .doc = doc_head, .assign = to_head_timeout},
    {.path = "inbound.*.trust", .kind = kind::networks, .preset = "all", .words = "all|none", .doc = doc_trust, .assign = to_trust},
    {.path = "inbound.*.forwarded", .kind = kind::choice, .preset = "append", .range = "append|replace|strip", .doc = doc_forwarded, .assign = to_forwarded},
    {.path = "inbound.*.via", .kind = kind::toggle, .preset = "on", .doc = doc_via, .assign = to_via},
    {.path = "inbound.*.max_body", .kind = kind::size, .preset = "0", .doc = doc_body, .assign = to_max_body},
    {.path = "inbound.*.balance", .kind = kind::choice, .preset = "least_request", .range = "least_request|round_robin", .doc = doc_balance, .assign = to_balance},
    {.path = "inbound.*.eject", .kind = kind::section, .shorthand = "after", .doc = doc_eject},
    {.path = "inbound.*.eject.after", .kind = kind::integer, .preset = "5", .range = "0..1000", .doc = doc_eject_after, .assign = to_eject_after},
    {.path = "inbound.*.eject.on_5xx", .kind = kind::toggle, .preset = "off", .doc = doc_eject_5xx, .assign = to_eject_5xx},
    {.path = "inbound.*.eject.time", .kind = kind::duration, .preset = "10s", .range = "10ms..1h", .doc = doc_eject_time, .assign = to_eject_time},
    {.path = "inbound.*.eject.longest", .kind = kind::duration, .preset = "5m", .range = "10ms..24h", .doc = doc_eject_longest, .assign = to_eject_longest},
    {.path = "inbound.*.dns_refresh", .kind = kind::duration, .preset = "10s", .range = "100ms..24h", .doc = doc_dns, .assign = to_dns_refresh},
    {.path = "inbound.*.upstream_connections", .kind = kind::integer, .preset = "0", .range = "0..100000", .doc = doc_upstream_connections, .assign = to_connections},
    {.path = "inbound.*.upstream_pending", .kind = kind::integer, .preset = "1024", .range = "0..100000", .doc = doc_pending, .assign = to_pending},
    {.path = "inbound.*.retries", .kind = kind::section, .shorthand = "most", .doc = doc_retries},
    {.path = "inbound.*.retries.most", .kind = kind::integer, .preset = "1", .range = "0..10", .doc = doc_retry_most, .assign = to_retries},
    {.path = "inbound.*.retries.budget", .kind = kind::ratio, .preset = "0.2", .range = "0..1", .doc = doc_retry_budget, .assign = to_retry_budget},
    {.path = "inbound.*.retries.always", .kind = kind::integer, .preset = "3", .range = "0..1000", .doc = doc_retry_always, .assign = to_retry_always},
    {.path = "inbound.*.retries.max_body", .kind = kind::size, .preset = "64KiB", .range = "0..16MiB", .doc = doc_retry_body, .assign = to_retry_body},
    {.path = "inbound.*.min_rate", .kind = kind::size, .preset = "0", .doc = doc_rate, .assign = to_min_rate},
    {.path = "inbound.*.max_connections", .kind = kind::integer, .preset = "0", .range = "0..1000000", .doc = doc_connections, .assign = to_max_connections},
    {.path = "inbound.*.max_requests", .kind = kind::integer, .preset = "0", .range = "0..1000000", .doc = doc_requests, .assign = to_max_requests},
    {.path = "inbound.*.routes", .kind = kind::section, .doc = "Low-cardinality names for requests; a path is never a name. The most specific one wins."},
    {.path = "inbound.*.routes.#", .kind = kind::rule, .shorthand = "match", .doc = "One route.", .assign = nothing},
    {.path = "inbound.*.routes.#.match", .kind = kind::match, .doc = doc_match, .assign = assign_match},
    {.path = "inbound.*.routes.#.path", .kind = kind::prefix, .doc = doc_path, .assign = rule_path},
    {.path = "inbound.*.routes.#.host", .kind = kind::host, .doc = doc_host, .assign = rule_host},
    {.path = "inbound.*.routes.#.to", .kind = kind::upstream, .doc = "Another upstream than the listener's.", .assign = rule_upstream},
    {.path = "inbound.*.routes.#.name", .kind = kind::text, .doc = doc_rule_name, .assign = rule_name},
    {.path = "inbound.*.routes.#.sample", .kind = kind::ratio, .range = "0..1", .doc = doc_rule_sample, .assign = rule_sample},
    {.path = "inbound.*.routes.#.timeout", .kind = kind::duration, .range = "0s..24h", .doc = doc_rule_timeout, .assign = rule_timeout},
    {.path = "inbound.*.routes.#.retries", .kind = kind::integer, .range = "0..10", .doc = doc_rule_retries, .assign = rule_retries},
    {.path = "inbound.*.tls", .kind = kind::later},

    {.path = "outbound", .kind = kind::section,
     .doc = "Listeners for the application's own calls, by port or address:port; a port alone is bound on 127.0.0.1."},
    {.path = "outbound.proxy", .kind = kind::section, .shorthand = "listen", .doc = "Forward proxy for `HTTP_PROXY`.", .assign = nothing},
    {.path = "outbound.proxy.listen", .kind = kind::listen, .doc = "Where; a port alone is bound on 127.0.0.1. Example: `127.0.0.1:7128`.", .assign = assign_proxy_listen},
    {.path = "outbound.proxy.timeout", .kind = kind::duration, .preset = "0s", .range = "0s..24h", .doc = doc_timeout, .assign = to_timeout},
    {.path = "outbound.proxy.connect_timeout", .kind = kind::duration, .preset = "5s", .range = "1ms..10m", .doc = doc_connect, .assign = to_connect_timeout},
    {.path = "outbound.proxy.idle_timeout", .kind = kind::duration, .preset = "1m", .range = "10ms..24h", .doc = doc_idle, .assign = to_idle_timeout},
    {.path = "outbound.proxy.tunnel_idle_timeout", .kind = kind::duration, .preset = "1h", .range = "0s..8760h", .doc = doc_tunnel_idle, .assign = to_tunnel_idle_timeout},
    {.path = "outbound.proxy.head_timeout", .kind = kind::duration, .preset = "30s", .range = "10ms..1h", .doc = doc_head, .assign = to_head_timeout},
    {.path = "outbound.proxy.via", .kind = kind::toggle, .preset = "on", .doc = doc_via, .assign = to_via},
    {.path = "outbound.proxy.max_body", .kind = kind::size, .preset = "0", .doc = doc_body, .assign = to_max_body},
    {.path = "outbound.proxy.min_rate", .kind = kind::size, .preset = "0", .doc = doc_rate, .assign = to_min_rate},
    {.path = "outbound.proxy.max_connections", .kind = kind::integer, .preset = "0", .range = "0..1000000", .doc = doc_connections, .assign = to_max_connections},
    {.path = "outbound.proxy.max_requests", .kind = kind::integer, .preset = "0", .range = "0..1000000", .doc = doc_requests, .assign = to_max_requests},
    {.path = "outbound.*", .kind = kind::listener, .shorthand = "to", .doc = "One listener.", .assign = nothing},
    {.path = "outbound.*.to", .kind = kind::upstream, .doc = "The upstream: `http://catalog:8080`, `unix:/run/x.sock`, `tcp://db:5432` for what is not HTTP, or a list of such endpoints.", .assign = to_upstream},
    {.path = "outbound.*.name", .kind = kind::text, .doc = "Name of the upstream in logs and metrics; default: host and port of `to`.", .assign = to_name},
    {.path = "outbound.*.protocol", .kind = kind::choice, .preset = "auto", .range = "auto|http1|tcp", .later = "h2c|grpc|http2|h2", .doc = doc_protocol, .assign = to_protocol},
    {.path = "outbound.*.timeout", .kind = kind::duration, .preset = "0s", .range = "0s..24h", .doc = doc_timeout, .assign = to_timeout},
    {.path = "outbound.*.connect_timeout", .kind = kind::duration, .preset = "5s", .range = "1ms..10m", .doc = doc_connect, .assign = to_connect_timeout},
    {.path = "outbound.*.idle_timeout", .kind = kind::duration, .preset = "1m", .range = "10ms..24h", .doc = doc_idle, .assign = to_idle_timeout},
    {.path = "outbound.*.tunnel_idle_timeout", .kind = kind::duration, .preset = "1h", .range = "0s..8760h", .doc = doc_tunnel_idle, .assign = to_tunnel_idle_timeout},
    {.path = "outbound.*.head_timeout", .kind = kind::duration, .preset = "30s", .range = "10ms..1h", .doc = doc_head, .assign = to_head_timeout},
    {.path = "outbound.*.host", .kind = kind::choice, .preset = "upstream", .range = "upstream|preserve",
     .doc = "`Host` of the forwarded request: the upstream's, or what the application wrote.",
     .assign = [](draft& d, const setting& s) { d.listener->settings.preserve_host = as<std::string>(s) == "preserve"; }},
    {.path = "outbound.*.via", .kind = kind::toggle, .preset = "on", .doc = doc_via, .assign = to_via},
    {.path = "outbound.*.max_body", .kind = kind::size, .preset = "0", .doc = doc_body, .assign = to_max_body},
    {.path = "outbound.*.balance", .kind = kind::choice, .preset = "least_request", .range = "least_request|round_robin", .doc = doc_balance, .assign = to_balance},
    {.path = "outbound.*.eject", .kind = kind::section, .shorthand = "after", .doc = doc_eject},
    {.path = "outbound.*.eject.after", .kind = kind::integer, .preset = "5", .range = "0..1000", .doc = doc_eject_after, .assign = to_eject_after},
    {.path = "outbound.*.eject.on_5xx", .kind = kind::toggle, .preset = "off", .doc = doc_eject_5xx, .assign = to_eject_5xx},
    {.path = "outbound.*.eject.time", .kind = kind::duration, .preset = "10s", .range = "10ms..1h", .doc = doc_eject_time, .assign = to_eject_time},
    {.path = "outbound.*.eject.longest", .kind = kind::duration, .preset = "5m", .range = "10ms..24h", .doc = doc_eject_longest, .assign = to_eject_longest},
    {.path = "outbound.*.dns_refresh", .kind = kind::duration, .preset = "10s", .range = "100ms..24h", .doc = doc_dns, .assign = to_dns_refresh},
    {.path = "outbound.*.upstream_connections", .kind = kind::integer, .preset = "0", .range = "0..100000", .doc = doc_upstream_connections, .assign = to_connections},
    {.path = "outbound.*.upstream_pending", .kind = kind::integer, .preset = "1024", .range = "0..100000", .doc = doc_pending, .assign = to_pending},
    {.path = "outbound.*.retries", .kind = kind::section, .shorthand = "most", .doc = doc_retries},
    {.path = "outbound.*.retries.most", .kind = kind::integer, .preset = "1", .range = "0..10", .doc = doc_retry_most, .assign = to_retries},
    {.path = "outbound.*.retries.budget", .kind = kind::ratio, .preset = "0.2", .range = "0..1", .doc = doc_retry_budget, .assign = to_retry_budget},
    {.path = "outbound.*.retries.always", .kind = kind::integer, .preset = "3", .range = "0..1000", .doc = doc_retry_always, .assign = to_retry_always},
    {.path = "outbound.*.retries.max_body", .kind = kind::size, .preset = "64KiB", .range = "0..16MiB", .doc = doc_retry_body, .assign = to_retry_body},
    {.path = "outbound.*.min_rate", .kind = kind::size, .preset = "0", .doc = doc_rate, .assign = to_min_rate},
    {.path = "outbound.*.max_connections", .kind = kind::integer, .preset = "0", .range = "0..1000000", .doc = doc_connections, .assign = to_max_connections},
    {.path = "outbound.*.max_requests", .kind = kind::integer, .preset = "0", .range = "0..1000000", .doc = doc_requests, .assign = to_max_requests},
    {.path = "outbound.*.routes", .kind = kind::section, .doc = "Several upstreams behind one port, and names for requests. The most specific one wins."},
    {.path = "outbound.*.routes.#", .kind = kind::rule, .shorthand = "match", .doc = "One route.", .assign = nothing},
    {.path = "outbound.*.routes.#.match", .kind = kind::match, .doc = doc_match, .assign = assign_match},
    {.path = "outbound.*.routes.#.path", .kind = kind::prefix, .doc = doc_path, .assign = rule_path},
    {.path = "outbound.*.routes.#.host", .kind = kind::host, .doc = doc_host, .assign = rule_host},
    {.path = "outbound.*.routes.#.to", .kind = kind::upstream, .doc = "The upstream of these requests; default: the listener's.", .assign = rule_upstream},
    {.path = "outbound.*.routes.#.name", .kind = kind::text, .doc = doc_rule_name, .assign = rule_name},
    {.path = "outbound.*.routes.#.sample", .kind = kind::ratio, .range = "0..1", .doc = doc_rule_sample, .assign = rule_sample},
    {.path = "outbound.*.routes.#.timeout", .kind = kind::duration, .range = "0s..24h", .doc = doc_rule_timeout, .assign = rule_timeout},
    {.path = "outbound.*.routes.#.retries", .kind = kind::integer, .range = "0..10", .doc = doc_rule_retries, .assign = rule_retries},
    {.path = "outbound.*.tls", .kind = kind::later},
    {.path = "redirect", .kind = kind::later},

    {.path = "trace", .kind = kind::section, .doc = "What is recorded."},
    {.path = "trace.propagators", .kind = kind::list, .preset = "[tracecontext, baggage]", .range = "tracecontext|baggage", .words = "none",
     .later = "b3|b3multi|jaeger|datadog|xray|ottrace", .otel = "OTEL_PROPAGATORS", .doc = "Context formats that are read and written.", .assign = assign_propagators},
    {.path = "trace.sampler", .kind = kind::sampler, .preset = "{ parent_based: always_on }", .otel = "OTEL_TRACES_SAMPLER",
     .doc = "`always_on`, `always_off`, `{ ratio: 0.1 }`, or `{ parent_based: … }` around one of them: the caller's decision first.",
     .assign = [](draft& d, const setting& s) { d.settings.trace.sampler = as<trace::sampler_settings>(s); }},
    {.path = "trace.correlate", .kind = kind::section, .shorthand = "rungs", .doc = "How an outbound request without a context finds its parent.", .restart = true},
    {.path = "trace.correlate.rungs", .kind = kind::list, .preset = "auto", .range = "header|exclusive|candidates", .words = "auto|off",
     .later = "shim|kernel|value", .doc = "Kinds of evidence that may answer; `off`: such requests start new traces.", .assign = assign_rungs},
    {.path = "trace.correlate.threshold", .kind = kind::ratio, .preset = "0.98", .range = "0..1", .doc = "Below this confidence no parent is asserted.",
     .assign = [](draft& d, const setting& s) { d.correlate.threshold = as<double>(s); }},
    {.path = "trace.correlate.id_fields", .kind = kind::list, .preset = "[x-request-id, x-correlation-id, x-amzn-trace-id, cf-ray]",
     .doc = "Fields with a correlation id, in order of trust; the first is added inbound when absent.",
     .assign = [](draft& d, const setting& s) { d.correlate.id_fields = as<std::vector<std::string>>(s); }},
    {.path = "trace.correlate.candidate_links", .kind = kind::integer, .preset = "8", .range = "0..32", .doc = "Most links to candidate parents on one span.",
     .assign = [](draft& d, const setting& s) { d.correlate.candidate_links = as<std::uint64_t>(s); }},
    {.path = "trace.correlate.slots", .kind = kind::integer, .preset = "4096", .range = "1..1000000", .doc = "Most inbound requests in flight that can be told apart.",
     .assign = [](draft& d, const setting& s) { d.correlate.ledger_slots = as<std::uint64_t>(s); }},
    {.path = "trace.inferred_routes", .kind = kind::integer, .preset = "256", .range = "0..65536",
     .doc = "Requests that no route names are named after their path, with `{id}` for what looks like a value: most such names per listener, further ones are `/*`; 0: none.",
     .assign = [](draft& d, const setting& s) { d.inferred_routes = as<std::uint64_t>(s); }},
    {.path = "trace.exclude", .kind = kind::list, .preset = "[]",
     .doc = "Requests passed on untraced: paths (`/healthz`, `/internal/*`) and user agents (`kube-probe/*`).",
     .assign = [](draft& d, const setting& s) { d.settings.trace.exclude = as<std::vector<std::string>>(s); }},
    {.path = "trace.url_query", .kind = kind::choice, .preset = "redact", .range = "keep|drop|redact", .doc = "The query in `url.full` and `url.query`; `redact` hides the values of `redacted_query_keys`.", .assign = assign_query},
    {.path = "trace.redacted_query_keys", .kind = kind::list,
     .preset = "[X-Amz-Signature, X-Amz-Credential, X-Amz-Security-Token, AWSAccessKeyId, Signature, sig, X-Goog-Signature]",
     .doc = "Query keys whose values become REDACTED, case-sensitive.",
     .assign = [](draft& d, const setting& s) { d.settings.trace.redacted_query_keys = as<std::vector<std::string>>(s); }},
    {.path = "trace.known_methods", .kind = kind::list, .preset = "[CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, QUERY, TRACE]",
     .otel = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", .doc = "Methods recorded by name; others become `_OTHER`.",
     .assign = [](draft& d, const setting& s) { d.settings.trace.known_methods = as<std::vector<std::string>>(s); }},
    {.path = "trace.response_header", .kind = kind::field, .preset = "off", .words = "off", .doc = "Field that tells the caller its trace id: `traceresponse`, `server-timing`, or any name.",
     .assign = [](draft& d, const setting& s) { d.settings.forward.response_header = as<std::string>(s) == "off" ? "" : as<std::string>(s); }},
    {.path = "trace.keep", .kind = kind::later},
    {.path = "trace.capture_headers", .kind = kind::later},

    {.path = "export", .kind = kind::section, .doc = "Where spans go.", .restart = true},
    {.path = "export.otlp", .kind = kind::section, .shorthand = "endpoint", .doc = "OpenTelemetry collector or backend."},
    {.path = "export.otlp.endpoint", .kind = kind::endpoint, .preset = "http://localhost:4317", .words = "off", .otel = "OTEL_EXPORTER_OTLP_ENDPOINT",
     .doc = "`http://host:port`, or `https://…` for TLS; `off`: spans are not exported.", .assign = assign_endpoint},
    {.path = "export.otlp.protocol", .kind = kind::choice, .preset = "grpc", .range = "grpc", .later = "http/protobuf|http/json", .otel = "OTEL_EXPORTER_OTLP_PROTOCOL",
     .doc = "Transport of OTLP.", .assign = nothing},
    {.path = "export.otlp.compression", .kind = kind::choice, .preset = "none", .range = "none|gzip", .otel = "OTEL_EXPORTER_OTLP_COMPRESSION", .doc = "Of every request.",
     .assign = [](draft& d, const setting& s) { d.exporter.gzip = as<std::string>(s) == "gzip"; }},
    {.path = "export.otlp.timeout", .kind = kind::duration, .preset = "10s", .range = "1ms..10m", .otel = "OTEL_EXPORTER_OTLP_TIMEOUT", .doc = "Of one try to send a batch. The variable's 0 (no limit) is the longest allowed.",
     .assign = [](draft& d, const setting& s) { d.exporter.timeout = as<milliseconds>(s); }},
    {.path = "export.otlp.ca", .kind = kind::text, .otel = "OTEL_EXPORTER_OTLP_CERTIFICATE", .doc = "PEM file of authorities for https; default: the system's.",
     .assign = [](draft& d, const setting& s) { d.exporter.ca_file = as<std::string>(s); }},
    {.path = "export.otlp.headers", .kind = kind::section, .doc = "Sent with every request, for authentication. Empty values are left out. `OTEL_EXPORTER_OTLP_HEADERS` adds to them."},
    {.path = "export.otlp.headers.*", .kind = kind::metadata, .doc = "Any name.", .secret = true,
     .assign = [](draft& d, const setting& s) { if (!as<std::string>(s).empty()) d.exporter.headers.emplace_back(base::to_lower(s.path[3]), as<std::string>(s)); }},
    {.path = "export.queue", .kind = kind::section, .doc = "Finished spans on their way out, per process."},
    {.path = "export.queue.spans", .kind = kind::integer, .preset = "65536", .range = "1..1000000", .otel = "OTEL_BSP_MAX_QUEUE_SIZE", .doc = "Most spans that wait; more are dropped and counted.",
     .assign = [](draft& d, const setting& s) { d.settings.collect.queue_spans = as<std::uint64_t>(s); }},
    {.path = "export.queue.bytes", .kind = kind::size, .preset = "16MiB", .range = "64KiB..4GiB", .doc = "Most memory of the spans that wait; used only while a collector is slow or away.",
     .assign = [](draft& d, const setting& s) { d.settings.collect.queue_bytes = as<std::uint64_t>(s); }},
    {.path = "export.queue.batch", .kind = kind::integer, .preset = "8192", .range = "1..65536", .otel = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", .doc = "Most spans of one request, which is sent without delay once 512 wait.",
     .assign = [](draft& d, const setting& s) { d.settings.collect.batch_spans = as<std::uint64_t>(s); }},
    {.path = "export.queue.calls", .kind = kind::integer, .preset = "2", .range = "1..16", .doc = "Most requests under way at once; one gets company when it takes longer than 10 ms.",
     .assign = [](draft& d, const setting& s) { d.settings.collect.calls = as<std::uint64_t>(s); }},
    {.path = "export.queue.delay", .kind = kind::duration, .preset = "200ms", .range = "1ms..1h", .otel = "OTEL_BSP_SCHEDULE_DELAY", .doc = "Longest wait for a batch to fill.",
     .assign = [](draft& d, const setting& s) { d.settings.collect.delay = as<milliseconds>(s); }},
    {.path = "export.queue.spool", .kind = kind::later},
    {.path = "export.retry", .kind = kind::section, .doc = "Batches that the collector could not take for now."},
    {.path = "export.retry.initial", .kind = kind::duration, .preset = "500ms", .range = "1ms..10m", .doc = "From the start of one try to the next; it doubles from try to try.",
     .assign = [](draft& d, const setting& s) { d.settings.collect.retry_initial = as<milliseconds>(s); }},
    {.path = "export.retry.max", .kind = kind::duration, .preset = "3s", .range = "1ms..10m", .doc = "Longest time from the start of one try to the next.",
     .assign = [](draft& d, const setting& s) { d.settings.collect.retry_max = as<milliseconds>(s); }},
    {.path = "export.retry.total", .kind = kind::duration, .preset = "2m", .range = "1ms..24h", .otel = "OTEL_BSP_EXPORT_TIMEOUT", .doc = "A batch is given up, and counted, after this long.",
     .assign = [](draft& d, const setting& s) { d.settings.collect.retry_total = as<milliseconds>(s); }},

    {.path = "admin", .kind = kind::section, .shorthand = "listen", .doc = "Health and metrics, read-only.", .restart = true},
    {.path = "admin.listen", .kind = kind::listen, .preset = "0.0.0.0:7190", .words = "off", .doc = "Where; a port alone is bound on 0.0.0.0.",
     .assign = [](draft& d, const setting& s) { d.settings.admin_listen = host_port(as<address>(s)); }},
    {.path = "admin.socket", .kind = kind::later},
    {.path = "viewer", .kind = kind::section, .shorthand = "listen", .doc = "Web page with the traces, inside this process. Without this section there is none.",
     .restart = true, .assign = [](draft& d, const setting&) { d.has_viewer = true; }},
    {.path = "viewer.listen", .kind = kind::listen, .preset = "127.0.0.1:7180", .words = "off", .doc = "The page; a port alone is bound on 127.0.0.1.", .assign = assign_viewer_listen},
    {.path = "viewer.otlp", .kind = kind::listen, .preset = "127.0.0.1:4317", .doc = "Where it receives spans (OTLP/gRPC).",
     .assign = [](draft& d, const setting& s) { d.viewer.otlp_listen = d.viewer.page.otlp_address = host_port(as<address>(s)); }},
    {.path = "viewer.db", .kind = kind::text, .doc = "File that keeps the traces over a restart; default: memory.",
     .assign = [](draft& d, const setting& s) { d.viewer.page.db = as<std::string>(s); }},
    {.path = "viewer.max_size", .kind = kind::size, .preset = "512MiB", .range = "1MiB..1024GiB", .doc = "The oldest traces go when the store is larger.",
     .assign = [](draft& d, const setting& s) { d.viewer.page.max_size = as<std::uint64_t>(s); }},
    {.path = "viewer.max_age", .kind = kind::duration, .preset = "24h", .range = "0s..8760h", .doc = "Older traces go; 0s: only `max_size` counts.",
     .assign = [](draft& d, const setting& s) { d.viewer.page.max_age = std::chrono::duration_cast<std::chrono::seconds>(as<milliseconds>(s)); }},
    {.path = "viewer.allowed_hosts", .kind = kind::list, .preset = "[]", .doc = "Host names, beside loopback names and addresses, under which a browser may reach the page.",
     .assign = [](draft& d, const setting& s) { d.viewer.page.allowed_hosts = as<std::vector<std::string>>(s); }},
    {.path = "log", .kind = kind::section, .shorthand = "level", .doc = "Messages on stderr."},
    {.path = "log.level", .kind = kind::choice, .preset = "info", .range = "trace|debug|info|warn|error|off", .otel = "OTEL_LOG_LEVEL", .doc = "Least important level that is shown.",
     .assign = [](draft& d, const setting& s) { d.settings.log.level = *base::parse_log_level(as<std::string>(s)); }},
    {.path = "log.format", .kind = kind::choice, .preset = "auto", .range = "auto|text|json", .doc = "`auto`: text on a terminal, JSON otherwise.", .restart = true, .assign = assign_log_format},
    {.path = "log.access", .kind = kind::output, .preset = "off", .words = "off|on|stdout|stderr",
     .doc = "One line per finished exchange; `on` is `stdout`, a path that begins with `/` is a file, opened anew at SIGHUP.", .assign = assign_access},
    {.path = "log.access_format", .kind = kind::choice, .preset = "auto", .range = "auto|text|json", .doc = "Of these lines; `auto`: text on a terminal, JSON otherwise.",
     .assign = [](draft& d, const setting& s) { d.settings.log.access_format = log_format_of(as<std::string>(s)); }},
    {.path = "drain", .kind = kind::section, .shorthand = "timeout", .doc = "What happens at SIGTERM."},
    {.path = "drain.delay", .kind = kind::duration, .preset = "0s", .range = "0s..10m", .doc = "Between \"not ready\" and the first closed listener.",
     .assign = [](draft& d, const setting& s) { d.settings.drain.delay = as<milliseconds>(s); }},
    {.path = "drain.timeout", .kind = kind::duration, .preset = "25s", .range = "0s..1h", .doc = "Longest time for requests in flight to finish and for spans to be sent.",
     .assign = [](draft& d, const setting& s) { d.settings.drain.timeout = as<milliseconds>(s); }},
    {.path = "limits", .kind = kind::section, .doc = "Of the process."},
    {.path = "limits.workers", .kind = kind::integer, .preset = "1", .range = "1..256", .words = "auto", .doc = "Threads that forward; `auto`: as many as the container's CPU quota allows.",
     .restart = true, .assign = [](draft& d, const setting& s) { d.settings.workers = as<std::uint64_t>(s) == 0 ? d.processors : as<std::uint64_t>(s); }},
    {.path = "limits.connections", .kind = kind::integer, .preset = "10000", .range = "1..1000000", .doc = "Most connections from callers; more wait.",
     .assign = [](draft& d, const setting& s) { d.settings.forward.connections = as<std::uint64_t>(s); }},
    {.path = "limits.header_bytes", .kind = kind::size, .preset = "64KiB", .range = "1KiB..1MiB", .doc = "Largest head of a request or response, start line included.",
     .assign = [](draft& d, const setting& s) { d.settings.forward.header_bytes = as<std::uint64_t>(s); }},
    {.path = "limits.header_fields", .kind = kind::integer, .preset = "256", .range = "8..10000", .doc = "Most fields in a head of a request or response.",
     .assign = [](draft& d, const setting& s) { d.settings.forward.header_fields = as<std::uint64_t>(s); }},
    {.path = "limits.target_bytes", .kind = kind::size, .preset = "16KiB", .range = "1KiB..1MiB", .doc = "Largest target of a request: path and query.",
     .assign = [](draft& d, const setting& s) { d.settings.forward.target_bytes = as<std::uint64_t>(s); }},
    {.path = "limits.requests", .kind = kind::integer, .preset = "0", .range = "0..1000000", .doc = "Most inbound requests in flight, more are answered with 503 at once; 0: no limit.",
     .assign = [](draft& d, const setting& s) { d.settings.forward.requests = as<std::uint64_t>(s); }},
    {.path = "limits.memory", .kind = kind::size, .preset = "128MiB", .range = "1MiB..1024GiB", .doc = "Most bytes in the buffers of all connections; over it requests are answered with 503 and nothing is accepted.",
     .assign = [](draft& d, const setting& s) { d.settings.forward.memory = as<std::uint64_t>(s); }},
    {.path = "limits.idle_upstream_connections", .kind = kind::integer, .preset = "1024", .range = "0..100000", .doc = "Most idle connections kept to one upstream, per worker.",
     .assign = [](draft& d, const setting& s) { d.settings.forward.idle_upstream_connections = as<std::uint64_t>(s); }},
});
// clang-format on

std::string_view parent_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

}  // namespace

std::span<const key> keys() { return table; }

std::string_view last(const key& row) {
  const std::size_t dot = row.path.rfind('.');
  return dot == std::string_view::npos ? row.path : row.path.substr(dot + 1);
}

const key* child(const key* parent, std::string_view name) {
  const key* any = nullptr;
  for (const key& row : table) {
    if (parent_of(row.path) != (parent ? parent->path : std::string_view{})) continue;
    if (last(row) == name) return &row;
    if (is_wildcard(row)) any = &row;
  }
  return any;
}

std::vector<const key*> rows_below(const key* parent) {
  std::vector<const key*> rows;
  for (const key& row : table) {
    const bool below = parent_of(row.path) == (parent ? parent->path : std::string_view{});
    if (below && row.kind != kind::later) rows.push_back(&row);
  }
  return rows;
}

bool is_wildcard(const key& row) { return last(row) == "*" || last(row) == "#"; }

bool is_group(const key& row) {
  return row.kind == kind::section || row.kind == kind::listener || row.kind == kind::rule;
}

bool needs_restart(const key& row) {
  return std::any_of(table.begin(), table.end(), [&row](const key& each) {
    const bool here = row.path == each.path;
    const bool below = row.path.starts_with(each.path) && row.path.substr(each.path.size(), 1) == ".";
    return each.restart && (here || below);
  });
}

std::vector<std::string_view> children(const key* parent) {
  std::vector<std::string_view> names;
  for (const key* row : rows_below(parent)) {
    if (!is_wildcard(*row)) names.push_back(last(*row));
  }
  return names;
}

const key* row_at(std::span<const std::string> path) {
  const key* row = nullptr;
  for (const std::string& name : path) {
    row = child(row, name);
    if (!row) return nullptr;
  }
  return row;
}

std::string variable_of(const key& row) {
  const bool group =
      row.kind == kind::section || row.kind == kind::listener || row.kind == kind::rule || row.kind == kind::later;
  if (group || row.path.find_first_of("*#") != std::string_view::npos) return {};
  std::string name = "SIDESPAN_";
  for (const char c : row.path) name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return name;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

}  // namespace sidespan::config

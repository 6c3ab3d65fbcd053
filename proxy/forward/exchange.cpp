// SPDX-License-Identifier: Apache-2.0
#include "forward/exchange.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "forward/local_reply.hpp"
#include "forward/rewrite.hpp"
#include "http/max_forwards.hpp"
#include "http/upgrade.hpp"
#include "trace/propagate.hpp"

namespace sidespan::forward {

using base::fault;
using base::fault_code;
using base::side;
using base::stage;
using http::field_id;

namespace {

/// A response that takes longer than this is worth a look at who waits for it.
constexpr std::chrono::milliseconds watch_interval{200};

bool is_http(std::string_view scheme) noexcept {
  return base::iequals(scheme, "http") || base::iequals(scheme, "https");
}

/// The caller is no stranger.
bool knows(const listener_settings& settings, const wire::server_exchange& down) {
  using trust = enum listener_settings::trust;
  if (settings.trust != trust::listed) return settings.trust == trust::all;
  return settings.trusted.contain(down.peer_address());
}

}  // namespace

exchange::exchange(shard& on, const door& at, wire::server_exchange& down, trace::recurring& recurring,
                   net::deadline& pulse)
    : shard_(on),
      door_(at),
      configured_(on.in_force),
      leg_(*at.leg),
      down_(down),
      recurring_(recurring),
      began_(on.all.clock.steady()),
      trusted_(knows(leg_.settings(), down)),
      pulse_(pulse),
      limit_(leg_.settings().timeout) {
  if (leg_.inbound()) shard_.all.inbound_in_flight.fetch_add(1, std::memory_order_relaxed);
  shard_.seen.exchange_started(leg_.inbound());
}

net::task<void> exchange::run() {
  outcome failed;
  try {
    failed = read_target();
    if (!failed) failed = find_rule();
    arm_pulse(std::chrono::milliseconds(0));
    if (!failed) failed = admit();
    extract();
    correlate();
    start();
    if (!failed) failed = prepare();
    if (!failed && last_recipient_) {
      co_await answer_options();
      co_return;
    }
    if (!failed && target_.form == http::target_form::authority) {
      failed = co_await connect_through();
    } else if (!failed) {
      failed = co_await attempt(false);
    }
    while (failed && may_retry(*failed)) {
      const upstream::pool::retry_permit permit =
          shard_.pool.permit_retry(cluster(), leg_.settings().retries, attempt_reused_);
      if (!permit) break;
      failed = co_await attempt(true);
    }
  } catch (const std::bad_alloc&) {
    up_ = nullptr;  // with the attempt
    tunnel_ = nullptr;
    failed = wire::no_buffers(stage::read_body);
  }
  if (failed) co_await answer(*failed);
}

exchange::~exchange() {
  if (leg_.inbound()) shard_.all.inbound_in_flight.fetch_sub(1, std::memory_order_relaxed);
  const base::steady_time now = shard_.all.clock.steady();
  if (span_) span_->end_at(now);
  finished_exchange what;
  what.inbound = leg_.inbound();
  what.listener = leg_.settings().key;
  what.method = down_.request().method;
  what.target = down_.request().target;
  if (what.method.empty()) what.first_line = down_.first_line();
  what.route = route_;
  what.server = server_.host;
  what.port = server_.port;
  what.peer = down_.peer_address();
  what.status = status_;
  what.fault = fault_;
  what.duration = now - began_;
  what.response_after = response_after_;
  what.request_bytes = moved_.request_bytes;
  what.response_bytes = moved_.response_bytes;
  if (endpoint_ != nullptr && attempts_ > 0) {
    what.upstream = upstream_address_.empty() ? std::string_view(endpoint_->host) : upstream_address_;
    what.upstream_port = endpoint_->port;
  }
  what.attempts = attempts_;
  what.request = &down_.request();
  what.context = last_context_ ? &*last_context_ : nullptr;
  shard_.seen.exchange_finished(what);
}

net::task<void> exchange::refuse(fault why) {
  // All but its expectation was read and is known.
  if (!down_.request().method.empty()) {
    (void)read_target();
    extract();
    correlate();
  }
  if (leg_.inbound()) begin_span();
  co_await answer(why);
}

/// Stage parse, second half: what the request is for (RFC 9112 §3.2, §3.3).
exchange::outcome exchange::read_target() {
  http::request_head& head = down_.request();
  // What a caller writes behind it without waiting is meant for the tunnel and must never be read as a request.
  if (head.method == "CONNECT") down_.close_after();
  if (head.method == "CONNECT" && !leg_.is_forward_proxy()) {
    return fault(fault_code::not_implemented, side::downstream, stage::route,
                 "CONNECT is for forward proxies");  // H1-7
  }
  const auto parts = http::parse_target(head.method, head.target);
  if (!parts) return parts.error();
  target_ = *parts;
  // The authority of an absolute-form target, or of a CONNECT, overrides Host (H1-4).
  host_field_ = target_.authority.empty() ? head.fields.value(field_id::host) : target_.authority;
  host_ = head.host;
  if (!target_.authority.empty()) {
    const auto authority = http::parse_authority(target_.authority);
    if (!authority) return authority.error();
    host_ = *authority;
  }
  server_ = host_;
  if (head.method == "TRACE") {
    // It would hand credentials that were added on the way to whoever asked (RFC 9110 §9.3.8).
    return fault(fault_code::method_not_allowed, side::downstream, stage::route, "TRACE is refused");
  }
  if (target_.form == http::target_form::absolute && !leg_.is_forward_proxy() && !is_http(target_.scheme))
    return fault(fault_code::http_request_error, side::downstream, stage::route, "neither http nor https");
  return std::nullopt;
}

/// Stage route.
exchange::outcome exchange::find_rule() {
  const http::request_head& head = down_.request();
  excluded_ = configured_->exclusion.matches(target_.path, head.fields.value(field_id::user_agent));
  if (leg_.is_forward_proxy()) {
    const bool connect = target_.form == http::target_form::authority;
    if (target_.form != http::target_form::absolute && !connect) {
      return fault(fault_code::http_request_error, side::downstream, stage::route,
                   "this port is a forward proxy and needs an absolute http:// target");
    }
    if (!connect && !base::iequals(target_.scheme, "http")) {
      return fault(fault_code::not_implemented, side::downstream, stage::route, "only http:// targets are supported");
    }
    named_ = {std::string(host_.host), host_.port == 0 ? std::uint16_t{80} : host_.port};
    endpoint_ = &named_;
    cluster_name_ = authority_ = host_field_;
    route_ = leg_.infer_route(target_.path);
    if (names_own_port()) return own_port_refused();
    return std::nullopt;
  }
  rule_ = leg_.match(head.method, host_.host, target_.path);
  if (rule_ == nullptr) return fault(fault_code::destination_not_found, side::internal, stage::route, "no route");
  // Low-cardinality: the configured name, else the template, else one of a bounded number learned from paths (SC-12).
  route_ = rule_->route();
  if (route_.empty()) route_ = leg_.infer_route(target_.path);
  const cluster_settings& cluster = leg_.cluster_of(*rule_);
  endpoint_ = &leg_.endpoints_of(*rule_).front();
  cluster_name_ = cluster.name;
  // Decision 17: the app called `localhost:9001`; what it reached, and what attributes name, is the upstream.
  if (!leg_.inbound()) server_ = {cluster.host, cluster.port};
  // A 1.0 request may come without a Host; the app gets the one that it is known by.
  const bool keep_host = (leg_.inbound() || leg_.settings().preserve_host) && !host_field_.empty();
  authority_ = keep_host ? host_field_ : std::string_view(cluster.authority);
  if (rule_->timeout) limit_ = *rule_->timeout;
  return std::nullopt;
}

/// Stage route, second half. Overload is told at once (503, Retry-After), before anything waits for anything.
exchange::outcome exchange::admit() {
  if (shard_.buffers.full()) return wire::no_buffers(stage::parse);
  const std::size_t most = configured_->forward.requests;
  const bool too_many = leg_.inbound() && most != 0 && shard_.all.inbound_in_flight.load() > most;
  if (!too_many && place_.take(leg_.current_load().requests, leg_.settings().max_requests)) return std::nullopt;
  return fault(fault_code::connection_limit_reached, side::internal, stage::route, "too many requests in flight");
}

/// Stage extract. A stranger's context is not continued (decision 10, TC-P7).
void exchange::extract() {
  if (!traced() || !configured_->trace.tracecontext) return;
  if (!trusted_) return;
  forwarded_ = trace::extract(down_.request().fields);
}

/// Stage correlate: outbound requests without a context of their own.
void exchange::correlate() {
  parent_ = forwarded_;
  if (leg_.inbound() || !traced() || shard_.all.ladder == nullptr) return;
  // By configured names only: names learned from paths can tell every call from every other, and then nothing is ever
  // known about any (correlation.md).
  const std::string_view configured = rule_ != nullptr ? rule_->route() : std::string_view();
  const correlate::endpoint_key key{cluster_name_, down_.request().method, configured};
  verdict_ = shard_.all.ladder->decide(forwarded_ ? &*forwarded_ : nullptr, down_.request().fields, key, began_);
  using correlate::method;
  const char* result = verdict_->method == method::candidates ? "ambiguous"
                       : verdict_->method == method::none     ? "root"
                                                              : "linked";
  shard_.seen.linked(correlate::name(verdict_->method), result);
  if (!forwarded_ && verdict_->parent) parent_ = verdict_->parent;
}

/// Stage start. The CLIENT spans of the outbound leg belong to attempts; without an attempt (no route, bad request) one
/// span still says what happened.
void exchange::start() {
  if (!traced() || !leg_.inbound()) return;
  begin_span();
  publish();
}

/// The changes that every attempt shares.
exchange::outcome exchange::prepare() {
  http::request_head& head = down_.request();
  const auto upgrade = http::read_upgrade(head, down_.request_size(), down_.arena());
  if (!upgrade) return upgrade.error();
  upgrade_ = *upgrade;
  request_rewrite how{leg_, authority_, down_.peer_address(), upgrade_, down_.accepts_trailers(), trusted_};
  const auto passes = http::count_down_forwards(head, down_.arena());
  if (!passes) return passes.error();
  last_recipient_ = !*passes;
  if (!configured_->trace.baggage) head.fields.remove(field_id::baggage);
  if (!trusted_ && excluded_ && configured_->trace.tracecontext) {
    // Else inject() puts our own in their place.
    head.fields.remove(field_id::traceparent);
    head.fields.remove(field_id::tracestate);
  }
  if (auto rewritten = rewrite_request(head, how, down_.arena()); !rewritten) return rewritten.error();
  const std::uint64_t limit = leg_.settings().max_body_bytes;
  const http::body_size size = down_.request_size();
  if (limit != 0 && size.kind == http::body_size::kind::known && size.bytes > limit) {
    return fault(fault_code::request_body_size, side::downstream, stage::route, "request content too large");
  }
  return std::nullopt;
}

/// Decision 18: no loop, and no way to the admin page.
bool exchange::is_own_port(std::uint16_t port) const noexcept {
  const auto& own = configured_->own_ports;
  return std::find(own.begin(), own.end(), port) != own.end();
}

bool exchange::names_own_port() const {
  net::error_code ec;
  const auto address = net::asio::ip::make_address(endpoint_->host, ec);
  return !ec && (address.is_loopback() || address.is_unspecified()) && is_own_port(endpoint_->port);
}

fault exchange::own_port_refused() const noexcept {
  return {fault_code::http_request_denied, side::internal, stage::connect,
          "the forward proxy does not connect to this sidecar's own ports"};
}

net::task<void> exchange::answer(fault failed) {
  fault_ = failed.code();
  if (const auto which = limit_behind(failed)) shard_.seen.limited(*which);
  const bool inbound = leg_.inbound();
  if (traced() && !inbound && attempts_ == 0) begin_span();
  if (span_) trace::describe_fault(*span_, failed);
  entry_ = correlate::ledger::entry();
  if (down_.response_started()) {
    down_.abort();
  } else {
    status_ = status_for(failed);
    if (span_ && status_ != 0 && inbound)
      span_->set(trace::key::http_response_status_code, static_cast<std::int64_t>(status_));
    const std::string explanation = explain(failed);
    const auto sent = co_await reply(down_, failed, explanation);
    if (!sent) down_.abort();
  }
}

/// An OPTIONS that has passed as many proxies as it may: no attempt, but a span that says so.
net::task<void> exchange::answer_options() {
  status_ = 200;
  if (traced() && !leg_.inbound()) begin_span();
  if (span_)
    trace::describe_response(*span_, leg_.inbound() ? trace::span_kind::server : trace::span_kind::client, status_);
  entry_ = correlate::ledger::entry();
  const auto sent = co_await reply_to_options(down_);
  if (!sent) down_.abort();
}

std::string exchange::explain(const fault& failed) const {
  const std::string& key = leg_.settings().key;
  if (failed.code() == fault_code::destination_not_found) {
    return "listener " + key + " has no rule for host '" + std::string(host_field_) + "' path '" +
           std::string(target_.path) + "'";
  }
  if (failed.side() == side::upstream) return "upstream " + std::string(cluster_name_) + " of listener " + key;
  return {};
}

/// One deadline for both: the limit, and before the answer a look whether anybody still waits for it.
void exchange::arm_pulse(std::chrono::milliseconds spent) noexcept {
  using std::chrono::milliseconds;
  milliseconds next = limit_.count() > 0 ? std::max(limit_ - spent, milliseconds(1)) : milliseconds(0);
  const bool watched = !down_.response_started() && !downstream_gone_;
  if (watched && (next.count() == 0 || next > watch_interval)) next = watch_interval;
  pulse_.arm(next);
}

void exchange::pulse() noexcept {
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(shard_.all.clock.steady() - began_);
  if (limit_.count() > 0 && spent >= limit_) return time_out();
  // Nobody waits for the answer any more: the upstream is told by closing, instead of letting it work on.
  if (up_ != nullptr && !downstream_gone_ && !down_.response_started() && down_.peer_reset()) {
    downstream_gone_ = true;
    up_->interrupt(false);
  }
  arm_pulse(spent);
}

void exchange::time_out() noexcept {
  timed_out_ = true;
  // First: a downstream that was waited for explains what becomes of the upstream.
  if (down_.response_started()) {
    down_.interrupt(true);
  } else {
    down_.stop_reading();
  }
  if (up_ != nullptr) up_->interrupt(true);
}

void exchange::cut() noexcept {
  cut_ = true;
  if (tunnel_ != nullptr) return tunnel_->cut();
  if (up_ != nullptr) up_->interrupt(false);
}

}  // namespace sidespan::forward

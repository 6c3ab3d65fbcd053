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
      pulse_(pulse),
      limit_(leg_.settings().timeout) {
  if (leg_.inbound()) shard_.all.inbound_in_flight.fetch_add(1, std::memory_order_relaxed);
  shard_.seen.exchange_started(leg_.inbound());
}

net::task<void> exchange::run() {
  outcome failed = read_target();
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
    while (failed && may_retry(*failed)) {
      const upstream::pool::retry_permit permit = shard_.pool.permit_retry(cluster(), leg_.settings().retries);
      if (!permit) break;
      failed = co_await attempt(true);
    }
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
  if (endpoint_ != nullptr) {
    what.upstream = upstream_address_.empty() ? std::string_view(endpoint_->host) : upstream_address_;
    what.upstream_port = endpoint_->port;
  }
  what.attempts = attempts_;
  what.request = &down_.request();
  what.context = last_context_ ? &*last_context_ : nullptr;
  shard_.seen.exchange_finished(what);
}

net::task<void> exchange::refuse(fault why) {
  if (leg_.inbound()) begin_span();
  co_await answer(why);
}

/// Stage parse, second half: what the request is for (RFC 9112 §3.2, §3.3).
exchange::outcome exchange::read_target() {
  http::request_head& head = down_.request();
  if (head.method == "CONNECT" && !leg_.is_forward_proxy()) {
    return fault(fault_code::not_implemented, side::downstream, stage::route,
                 "CONNECT is for forward proxies");  // H1-7
  }
  if (head.method == "TRACE") {
    // It would hand credentials that were added on the way to whoever asked (RFC 9110 §9.3.8).
    return fault(fault_code::method_not_allowed, side::downstream, stage::route, "TRACE is refused");
  }
  const auto parts = http::parse_target(head.method, head.target);
  if (!parts) return parts.error();
  target_ = *parts;
  if (target_.form == http::target_form::absolute && !leg_.is_forward_proxy() && !is_http(target_.scheme))
    return fault(fault_code::http_request_error, side::downstream, stage::route, "neither http nor https");
  // The authority of an absolute-form target, or of a CONNECT, overrides Host (H1-4).
  host_field_ = target_.authority.empty() ? head.fields.value(field_id::host) : target_.authority;
  host_ = head.host;
  if (!target_.authority.empty()) {
    const auto authority = http::parse_authority(target_.authority);
    if (!authority) return authority.error();
    host_ = *authority;
  }
  server_ = host_;
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
  if (leg_.settings().trust == listener_settings::trust::none) return;
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
  request_rewrite how{leg_, authority_, down_.peer_address(), upgrade_, down_.accepts_trailers()};
  const auto passes = http::count_down_forwards(head, down_.arena());
  if (!passes) return passes.error();
  last_recipient_ = !*passes;
  if (!configured_->trace.baggage) head.fields.remove(field_id::baggage);
  if (auto rewritten = rewrite_request(head, how, down_.arena()); !rewritten) return rewritten.error();
  const std::uint64_t limit = leg_.settings().max_body_bytes;
  const http::body_size size = down_.request_size();
  if (limit != 0 && size.kind == http::body_size::kind::known && size.bytes > limit) {
    return fault(fault_code::request_body_size, side::downstream, stage::route, "request content too large");
  }
  return std::nullopt;
}

/// One try: its span (outbound), its connection, its context, its bodies.
net::task<exchange::outcome> exchange::attempt(bool fresh) {
  outcome failed;
  ++attempts_;
  if (traced() && !leg_.inbound()) begin_span();
  upstream::pool::limits limits;
  limits.idle_timeout = leg_.settings().idle_timeout;
  opened_ = net::opening();
  limits.spent = &opened_;
  moved_ = relay_outcome();
  upstream::pool::lease lease;
  limits.avoid = failed_at_;
  if (may_be_repeated()) limits.began = began_;
  upstream::group& to = cluster();
  if (!fresh) lease = shard_.pool.take_idle(to, limits);
  if (!lease) {
    limits.connect_timeout = connect_limit();
    auto connected = co_await connect(to, limits);
    if (!connected) failed = connected.error();
    if (connected && (timed_out_ || cut_))
      failed = fault(fault_code::connection_timeout, side::upstream, stage::connect, "connected too late");
    failed = explain_failure(failed);
    if (failed) {
      finish_attempt(failed);
      co_return failed;
    }
    lease = std::move(*connected);
  }
  up_ = &lease.exchange();
  attempt_reused_ = up_->reused();
  if (rule_ != nullptr && leg_.endpoints_of(*rule_).size() > 1) {
    upstream_address_ = down_.arena().copy(up_->peer_address());
  }
  if (span_ && !leg_.inbound()) trace::describe_peer(*span_, up_->peer_address(), up_->peer_port(), attempt_reused_);
  inject();
  const std::string_view target =
      target_.form == http::target_form::asterisk ? std::string_view("*") : target_.origin_form;
  up_->put_head(down_.request(), target, down_.request_size());
  relay_request request{
      down_, *up_, target, leg_.settings().max_body_bytes, !upgrade_.empty() && expects_continue(), nullptr, nullptr};
  request.kept = keep_body();
  if (span_ && !leg_.inbound() && span_->recording()) request.times = &shard_.all.clock;
  moved_ = co_await relay(request, *this, shard_.loop.get_executor());
  attempt_untouched_ = up_->untouched();
  if (moved_.switched) {
    const wire::raw_connection rest = up_->raw();
    co_await run_tunnel(rest, tunnel_kind::upgrade);
  }
  up_ = nullptr;
  failed = explain_failure(moved_.fault);
  tell_health(lease, failed);
  failed_at_ = lease.endpoint();
  finish_attempt(failed);
  co_return failed;
}

/// Stage pick, when no connection idles.
net::task<base::result<upstream::pool::lease>> exchange::connect(upstream::group& cluster,
                                                                 upstream::pool::limits limits) {
  auto connected = co_await shard_.pool.connect(cluster, limits);
  if (connected && leg_.is_forward_proxy() && connected->exchange().peer_is_this_host()) {
    // A name may lead here as well.
    if (is_own_port(endpoint_->port)) co_return own_port_refused();
  }
  co_return connected;
}

/// RT-5: only a request that may be repeated costs a copy of its body.
kept_body* exchange::keep_body() noexcept {
  if (!down_.request_size().present() || most_retries() == 0 || !idempotent()) return nullptr;
  kept_.in = &down_.arena();
  kept_.most_bytes = leg_.settings().retries.max_body_bytes;
  return &kept_;
}

/// What this attempt says about its endpoint; a downstream that left says nothing.
void exchange::tell_health(upstream::pool::lease& lease, const outcome& failed) noexcept {
  const bool on_5xx = leg_.settings().upstream.eject_on_5xx && moved_.status >= 500;
  if (failed ? failed->side() == side::upstream : on_5xx) {
    lease.failed();
  } else if (!failed) {
    lease.succeeded();
  }
}

upstream::group& exchange::cluster() {
  return rule_ != nullptr ? leg_.upstream_of(*rule_, shard_.pool) : shard_.pool.find(named_);
}

/// Connecting counts toward the time of the whole exchange.
std::chrono::milliseconds exchange::connect_limit() const noexcept {
  using std::chrono::milliseconds;
  const milliseconds own = leg_.settings().connect_timeout;
  if (limit_.count() <= 0) return own;
  const auto spent = std::chrono::duration_cast<milliseconds>(shard_.all.clock.steady() - began_);
  return std::min(own, std::max(limit_ - spent, milliseconds(1)));
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

/// What the relay saw may be the effect of what a deadline found.
exchange::outcome exchange::explain_failure(outcome failed) const noexcept {
  if (failed && downstream_gone_)
    return fault(fault_code::downstream_closed, side::downstream, failed->stage(), "downstream reset the connection");
  if (failed && timed_out_)
    return fault(fault_code::http_response_timeout, side::upstream, failed->stage(), "no complete response in time");
  if (failed && cut_) return fault(fault_code::shutting_down, side::internal, stage::drain, "shutting down");
  return failed;
}

/// Stage inject. A fresh parent id for every attempt (TC-21); an unsampled span's ids travel all the same (SM-4).
void exchange::inject() {
  if (!span_ || !configured_->trace.tracecontext) return;
  trace::inject(span_->self(), down_.request().fields, down_.arena());
}

base::result<void> exchange::on_response(http::response_head& head) {
  status_ = head.status;
  if (shard_.response_times) response_after_ = shard_.all.clock.steady() - began_;
  if (span_)
    trace::describe_response(*span_, leg_.inbound() ? trace::span_kind::server : trace::span_kind::client, head.status);
  // Endless by nature: what it causes later is background work (correlation.md, policy).
  if (head.fields.value(field_id::content_type).starts_with("text/event-stream")) entry_.mark_endless();
  if (auto rewritten = rewrite_response(head, leg_); !rewritten) return rewritten.error();
  add_response_field(head);
  if (shard_.draining(door_)) down_.close_after();
  return {};
}

void exchange::on_response_complete() noexcept {
  // The app is done with this request: a call that leaves from now on is not its child.
  entry_ = correlate::ledger::entry();
}

/// Stage finish, for the outbound leg: the CLIENT span ends with its attempt.
void exchange::finish_attempt(const outcome& failed) {
  if (!span_ || leg_.inbound()) return;
  if (failed) trace::describe_fault(*span_, *failed);
  tell_phases();
  span_.reset();
}

/// RFC 9110 §9.2.2 and specs RT-1.
bool exchange::idempotent() const noexcept {
  static constexpr std::string_view all[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"};
  return std::find(std::begin(all), std::end(all), down_.request().method) != std::end(all);
}

/// Whatever becomes of the first attempt, as far as that can be said before it.
bool exchange::may_be_repeated() const noexcept {
  return most_retries() > 0 && !down_.request_size().present() && upgrade_.empty() && idempotent();
}

std::uint32_t exchange::most_retries() const noexcept {
  return rule_ != nullptr && rule_->retries ? *rule_->retries : leg_.settings().retries.most;
}

/// RT-1, RT-2, RT-5: idempotent methods, not a byte of a response, nothing of the body that would be missing.
/// Connections that cannot be made are no case for it: every endpoint has been tried by then (RT-3).
bool exchange::may_retry(const fault& failed) const noexcept {
  if (failed.code() != fault_code::connection_terminated || failed.stage() == stage::connect) return false;
  if (!attempt_untouched_ || timed_out_ || cut_ || down_.response_started()) return false;
  if (attempts_ > most_retries() || !upgrade_.empty() || !idempotent()) return false;
  return !down_.request_size().present() || kept_.bytes.has_value();
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
  if (failed.side() == side::upstream)
    return "upstream " + std::string(authority_.empty() ? cluster_name_ : authority_) + " of listener " + key;
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
  if (up_ != nullptr) up_->interrupt(true);
  if (down_.response_started()) {
    down_.interrupt(true);
  } else {
    down_.stop_reading();
  }
}

void exchange::cut() noexcept {
  cut_ = true;
  if (tunnel_ != nullptr) return tunnel_->cut();
  if (up_ != nullptr) up_->interrupt(false);
}

}  // namespace sidespan::forward

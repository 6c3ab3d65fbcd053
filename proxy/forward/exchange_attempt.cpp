// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "forward/exchange.hpp"
#include "forward/rewrite.hpp"
#include "trace/propagate.hpp"

// One attempt: stages pick, inject and forward, and whether another may follow.

namespace sidespan::forward {

using base::fault;
using base::fault_code;
using base::side;
using base::stage;
using http::field_id;

/// One try: its span (outbound), its connection, its context, its bodies.
net::task<exchange::outcome> exchange::attempt(bool fresh) {
  outcome failed;
  ++attempts_;
  attempt_reused_ = false;
  if (traced() && !leg_.inbound()) begin_span();
  upstream::pool::limits limits;
  limits.idle_timeout = leg_.settings().idle_timeout;
  opened_ = net::opening();
  limits.spent = &opened_;
  moved_ = relay_outcome();
  upstream::pool::lease lease;
  limits.avoid = failed_at_;
  // An upgrade keeps its connection and is never repeated: one that its peer may be closing gains it nothing.
  limits.fresh = fresh || !upgrade_.empty();
  limits.repeatable = may_be_repeated();
  upstream::group& to = cluster();
  if (!limits.fresh) lease = shard_.pool.take_idle(to, limits);
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
  relay_request request{down_, *up_, target, leg_.settings().max_body_bytes, expects_continue(), nullptr, nullptr};
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

/// What this attempt says about its endpoint; a downstream that left says nothing, nor does a kept connection that was
/// closed before it was used again (ADR 19).
void exchange::tell_health(upstream::pool::lease& lease, const outcome& failed) noexcept {
  const bool ended = failed && failed->code() == fault_code::connection_terminated;
  if (ended && attempt_reused_ && attempt_untouched_) return lease.ended_unanswered();
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

/// What the relay saw may be the effect of what a deadline found.
exchange::outcome exchange::explain_failure(outcome failed) const noexcept {
  if (failed && downstream_gone_)
    return fault(fault_code::downstream_closed, side::downstream, failed->stage(), "downstream reset the connection");
  // Not when the downstream was waited for, with its content or to take the response.
  if (failed && timed_out_ && failed->side() != side::downstream)
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
  if (auto rewritten = rewrite_response(head, leg_, down_.arena()); !rewritten) return rewritten.error();
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

}  // namespace sidespan::forward

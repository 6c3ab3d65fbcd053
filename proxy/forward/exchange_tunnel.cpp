// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "forward/exchange.hpp"
#include "http/hop_by_hop.hpp"
#include "http/upgrade.hpp"
#include "trace/http_attributes.hpp"
#include "trace/tunnel_attributes.hpp"
#include "upstream/raw_place.hpp"

// What becomes of an exchange that stops being HTTP (decision 13).

namespace sidespan::forward {

using base::fault;
using base::fault_code;
using http::field_id;

bool exchange::expects_continue() const noexcept {
  return down_.request().fields.find(field_id::expect) != nullptr;  // others are refused, 1.0's is removed
}

base::result<void> exchange::on_switch(http::response_head& head) {
  const auto protocol = http::read_switch(head, upgrade_);
  if (!protocol) return protocol.error();
  protocol_ = down_.arena().copy(*protocol);
  if (auto removed = http::remove_hop_by_hop(head.fields, base::side::upstream); !removed) return removed;
  // Both are made anew (CN-2).
  head.fields.add(field_id::connection, "Connection", "Upgrade");
  head.fields.add(field_id::upgrade, "Upgrade", protocol_);
  add_response_field(head);
  status_ = head.status;
  count_tunnel(tunnel_kind::upgrade);
  if (span_) {
    const auto kind = leg_.inbound() ? trace::span_kind::server : trace::span_kind::client;
    trace::describe_response(*span_, kind, head.status);
  }
  return {};
}

net::task<exchange::outcome> exchange::connect_through() {
  outcome failed;
  if (down_.request_size().present()) {
    co_return fault(fault_code::http_request_error, base::side::downstream, base::stage::route, "CONNECT with content");
  }
  ++attempts_;
  if (traced()) begin_span();
  const upstream::raw_place counted(shard_.pool);
  std::unique_ptr<net::stream> up;
  auto connected = co_await connect_raw();
  if (connected) up = std::move(*connected);
  if (!up) failed = explain_failure(connected.error());
  if (!failed) {
    if (span_) trace::describe_peer(*span_, up->peer_address(), up->peer().port(), false);
    const auto answered = co_await accept_connect();
    if (!answered) failed = answered.error();
  }
  if (!failed) {
    const wire::raw_connection rest(up.get());
    co_await run_tunnel(rest, tunnel_kind::connect);
  }
  finish_attempt(failed);
  co_return failed;
}

net::task<base::result<std::unique_ptr<net::stream>>> exchange::connect_raw() {
  auto connected = co_await shard_.pool.connect_raw(*endpoint_, connect_limit(), &opened_);
  if (!connected) co_return connected;
  const net::tcp_endpoint& peer = (*connected)->peer();
  const bool here = peer.address().is_loopback() || peer.address() == (*connected)->local().address();
  if (here && is_own_port(endpoint_->port)) co_return own_port_refused();  // a name may lead here as well
  if (timed_out_ || cut_) {
    co_return fault(fault_code::connection_timeout, base::side::upstream, base::stage::connect, "connected too late");
  }
  co_return connected;
}

/// The caller's bytes behind the head go on only after this.
net::task<base::result<void>> exchange::accept_connect() {
  http::response_head head;
  head.status = status_ = 200;
  head.reason = "Connection established";
  if (span_) trace::describe_response(*span_, trace::span_kind::client, head.status);
  count_tunnel(tunnel_kind::connect);
  down_.put_head(head, http::body_size());
  const base::result<bool> written = down_.write_now({}, true, nullptr);
  base::result<void> done;
  if (!written) co_return written.error();
  if (!*written) done = co_await down_.flush();
  co_return done;
}

void exchange::count_tunnel(tunnel_kind kind) {
  counted_.count(shard_.seen, kind);
  // Its place among the requests in flight ends with HTTP (decision 6).
  entry_.mark_endless();
}

net::task<void> exchange::run_tunnel(wire::raw_connection up, tunnel_kind kind) {
  const base::steady_time began = shard_.all.clock.steady();
  limit_ = std::chrono::milliseconds(0);
  pulse_.disarm();  // the limits of an exchange end with HTTP (decision 6)
  if (span_) trace::mark_tunnel(*span_);
  const wire::raw_connection down = down_.raw();
  tunnel between(down, up, shard_.buffers, leg_.settings().tunnel_idle_timeout);
  tunnel_ = &between;
  if (cut_) between.cut();
  const tunnel_outcome out = co_await between.run();
  tunnel_ = nullptr;
  finish_tunnel(kind, out, shard_.all.clock.steady() - began);
}

void exchange::finish_tunnel(tunnel_kind kind, const tunnel_outcome& out, base::nanoseconds duration) {
  moved_.request_bytes += out.bytes_up;
  moved_.response_bytes += out.bytes_down;
  fault_ = fault_of(out.end).code();
  if (span_) {
    trace::describe_tunnel(*span_, {name(kind), name(out.end), protocol_, out.bytes_up, out.bytes_down});
    trace::describe_fault(*span_, fault_of(out.end));
  }
  finished_tunnel what;
  what.inbound = leg_.inbound();
  what.kind = kind;
  what.end = out.end;
  what.listener = leg_.settings().key;
  what.server = server_.host;
  what.port = server_.port;
  what.peer = down_.peer_address();
  what.fault = fault_;
  what.duration = duration;
  what.bytes_up = out.bytes_up;
  what.bytes_down = out.bytes_down;
  what.context = last_context_ ? &*last_context_ : nullptr;
  shard_.seen.tunnel_finished(what);
}

}  // namespace sidespan::forward

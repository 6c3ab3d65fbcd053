// SPDX-License-Identifier: Apache-2.0
#include "forward/opaque.hpp"

#include "trace/begin.hpp"
#include "trace/http_attributes.hpp"
#include "trace/tunnel_attributes.hpp"

namespace sidespan::forward {

using base::fault;
using base::fault_code;
using base::side;
using base::stage;

opaque_connection::opaque_connection(shard& on, const door& at, net::accepted from)
    : shard_(on),
      door_(at),
      held_(at.leg),
      leg_(*held_),
      down_(std::move(from), on.wheel),
      began_(on.all.clock.steady()),
      place_(on.opaque.insert(on.opaque.end(), this)) {}

opaque_connection::~opaque_connection() { shard_.opaque.erase(place_); }

net::task<void> opaque_connection::serve() {
  begin_span();
  net::opening spent;
  upstream::pool::limits limits;
  limits.connect_timeout = leg_.settings().connect_timeout;
  limits.spent = &spent;
  upstream::group& of = leg_.upstream_of(leg_.only_rule(), shard_.pool);
  auto up = co_await shard_.pool.connect(of, limits);
  if (span_ && !leg_.inbound()) trace::describe_opening(*span_, spent.resolve, spent.connect);
  if (!up) {
    fail(up.error());
    co_return;
  }
  // Nobody knows what a good answer would be: a connection is all that can be said of the endpoint.
  up->succeeded();
  const wire::raw_connection far = up->exchange().raw();
  describe_reached(*up, far);
  co_await run_tunnel(far);
}

void opaque_connection::describe_reached(const upstream::pool::lease& up, const wire::raw_connection& far) {
  reached_ = up.endpoint_name();
  if (span_) trace::describe_endpoint(*span_, reached_, far.stream->peer_address(), far.stream->peer().port());
}

net::task<void> opaque_connection::run_tunnel(wire::raw_connection far) {
  const wire::raw_connection down(&down_);
  tunnel between(down, far, shard_.buffers, leg_.settings().tunnel_idle_timeout);
  tunnel_ = &between;
  counted_.count(shard_.seen, tunnel_kind::tcp);
  if (cut_) between.cut();
  const tunnel_outcome out = co_await between.run();
  tunnel_ = nullptr;
  finish(out, fault_of(out.end).code());
}

/// There is no response that could say it: the caller sees its connection reset.
void opaque_connection::fail(const fault& why) {
  if (span_ && !cut_) trace::describe_fault(*span_, why);
  tunnel_outcome out;
  out.end = tunnel_end::connect_failed;
  down_.abort();
  finish(out, cut_ ? fault_code::none : why.code());
}

std::string_view opaque_connection::server_host() const noexcept { return cluster().endpoints.front().host; }

std::uint16_t opaque_connection::server_port() const noexcept { return cluster().endpoints.front().port; }

/// A root: a connection carries no context, and it outlives any request that one could link it to (correlation.md).
void opaque_connection::begin_span() {
  const trace::context self = trace::begin(nullptr, leg_.sampler_for(&leg_.only_rule()), shard_.random);
  const auto kind = leg_.inbound() ? trace::span_kind::server : trace::span_kind::client;
  span_.emplace(shard_.sink, shard_.all.clock, kind, self, trace::span_id{}, false);
  trace::tcp_facts facts;
  facts.peer_address = down_.peer_address();
  facts.peer_port = down_.peer().port();
  const std::string local_address = down_.local_address();
  facts.server_address = leg_.inbound() ? std::string_view(local_address) : server_host();
  facts.server_port = leg_.inbound() ? down_.local().port() : server_port();
  if (!leg_.inbound()) facts.server_name = cluster().name;
  trace::describe_tcp(*span_, facts);
}

void opaque_connection::finish(const tunnel_outcome& out, fault_code code) {
  if (span_) {
    trace::describe_tunnel(*span_, {name(tunnel_kind::tcp), name(out.end), {}, out.bytes_up, out.bytes_down});
    if (out.end != tunnel_end::connect_failed) trace::describe_fault(*span_, fault_of(out.end));
  }
  finished_tunnel what;
  what.inbound = leg_.inbound();
  what.kind = tunnel_kind::tcp;
  what.end = out.end;
  what.listener = leg_.settings().key;
  what.server = server_host();
  what.port = server_port();
  what.peer = down_.peer_address();
  what.upstream = reached_;
  what.fault = code;
  what.duration = shard_.all.clock.steady() - began_;
  what.bytes_up = out.bytes_up;
  what.bytes_down = out.bytes_down;
  what.context = span_ ? &span_->self() : nullptr;
  shard_.seen.tunnel_finished(what);
}

void opaque_connection::cut() noexcept {
  cut_ = true;
  if (tunnel_ != nullptr) tunnel_->cut();
}

}  // namespace sidespan::forward

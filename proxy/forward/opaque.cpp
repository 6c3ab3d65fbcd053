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

opaque_connection::opaque_connection(shard& on, const door& at, net::tcp_socket socket)
    : shard_(on),
      door_(at),
      held_(at.leg),
      leg_(*held_),
      down_(std::move(socket), on.wheel),
      began_(on.all.clock.steady()),
      place_(on.opaque.insert(on.opaque.end(), this)) {}

opaque_connection::~opaque_connection() { shard_.opaque.erase(place_); }

net::task<void> opaque_connection::serve() {
  begin_span();
  const upstream::endpoint& where = leg_.only_endpoint();
  net::opening spent;
  auto up = co_await shard_.pool.connect_raw(where, leg_.settings().connect_timeout, &spent);
  if (span_ && !leg_.inbound()) trace::describe_opening(*span_, spent.resolve, spent.connect);
  if (!up) {
    fail(up.error());
    co_return;
  }
  net::stream& stream = **up;
  if (span_ && !leg_.inbound()) {
    span_->set(trace::key::network_peer_address, stream.peer_address());
    span_->set(trace::key::network_peer_port, stream.peer().port());
  }
  co_await run_tunnel(stream);
}

net::task<void> opaque_connection::run_tunnel(net::stream& up) {
  const wire::raw_connection down(&down_);
  const wire::raw_connection far(&up);
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

/// A root: a connection carries no context, and it outlives any request that one could link it to (correlation.md).
void opaque_connection::begin_span() {
  const trace::context self = trace::begin(nullptr, leg_.sampler_for(&leg_.only_rule()), shard_.random);
  const auto kind = leg_.inbound() ? trace::span_kind::server : trace::span_kind::client;
  span_.emplace(shard_.sink, shard_.all.clock, kind, self, trace::span_id{}, false);
  trace::tcp_facts facts;
  facts.peer_address = down_.peer_address();
  facts.peer_port = down_.peer().port();
  const std::string local_address = down_.local_address();
  facts.server_address = leg_.inbound() ? std::string_view(local_address) : std::string_view(cluster().host);
  facts.server_port = leg_.inbound() ? down_.local().port() : cluster().port;
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
  what.server = cluster().host;
  what.port = cluster().port;
  what.peer = down_.peer_address();
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

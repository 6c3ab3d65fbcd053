// SPDX-License-Identifier: Apache-2.0
#include "forward/connection.hpp"

#include "base/log.hpp"
#include "forward/exchange.hpp"
#include "forward/opaque.hpp"

namespace sidespan::forward {
namespace {

/// Whoever was accepted while the listener closed has sent its request or is about to.
constexpr std::chrono::milliseconds late_comer_timeout{500};

wire::h1_server_limits limits_of(const shard& on, const leg& leg) {
  wire::h1_server_limits out;
  out.head.head_bytes = on.all.forward.header_bytes;
  out.head.target_bytes = std::min(on.all.forward.target_bytes, out.head.head_bytes);
  out.head.field_count = on.all.forward.header_fields;
  out.min_rate = leg.settings().min_rate;
  out.head_timeout = leg.settings().request_head_timeout;
  out.idle_timeout = leg.settings().idle_timeout;
  out.keep_alive_timeout = on.draining(leg) ? late_comer_timeout : out.idle_timeout;
  return out;
}

}  // namespace

seat::seat(shard& on, const leg& leg) : shard_(&on), leg_(&leg) {
  on.all.connections.fetch_add(1, std::memory_order_relaxed);
  leg.current_load().connections.fetch_add(1, std::memory_order_relaxed);
  if (leg.inbound()) on.all.inbound_connections.fetch_add(1, std::memory_order_relaxed);
  on.seen.connection_accepted(leg.inbound());
}

seat::~seat() {
  if (shard_ == nullptr) return;
  shard_->all.connections.fetch_sub(1, std::memory_order_relaxed);
  leg_->current_load().connections.fetch_sub(1, std::memory_order_relaxed);
  if (leg_->inbound()) shard_->all.inbound_connections.fetch_sub(1, std::memory_order_relaxed);
  shard_->seen.connection_closed(leg_->inbound());
}

bool shard::draining(const class leg& on) const noexcept { return on.inbound() ? draining_inbound : draining_outbound; }

connection::connection(shard& on, const class leg& leg, net::tcp_socket socket)
    : shard_(on),
      leg_(leg),
      http_(std::make_unique<net::stream>(std::move(socket), on.wheel), on.buffers, limits_of(on, leg)),
      place_(on.connections.insert(on.connections.end(), this)),
      draining_(on.draining(leg)) {}

connection::~connection() { shard_.connections.erase(place_); }

net::task<void> connection::serve() {
  bool more = true;
  bool fresh = true;  // a first request is waited for even in a drain
  while (more && (fresh || !(draining_ && http_.idle()))) {
    fresh = false;
    waiting_ = true;
    const base::result<bool> next = co_await http_.next();
    waiting_ = false;
    if (next && !*next) break;
    exchange current(shard_, leg_, http_, recurring_);
    current_ = &current;
    if (!next) {
      co_await current.refuse(next.error());
      current_ = nullptr;
      break;
    }
    co_await current.run();
    current_ = nullptr;
    more = http_.may_continue();
  }
  co_await http_.close_gently();
}

void connection::drain() noexcept {
  draining_ = true;
  // A request that has arrived and was not read yet is still served.
  if (waiting_ && http_.idle() && http_.quiet()) {
    http_.interrupt(false);
  } else {
    http_.close_after();
  }
}

void connection::cut() noexcept {
  draining_ = true;
  if (current_ != nullptr) current_->cut();
  http_.interrupt(false);
}

namespace {

net::task<void> serve_seated(shard& on, const leg& leg, net::tcp_socket socket, seat) {
  connection self(on, leg, std::move(socket));
  co_await self.serve();
}

net::task<void> serve_opaque(shard& on, const leg& leg, net::tcp_socket socket, seat) {
  opaque_connection self(on, leg, std::move(socket));
  co_await self.serve();
}

}  // namespace

net::task<void> serve_connection(shard& on, const leg& leg, net::tcp_socket socket) {
  if (leg.settings().opaque) return serve_opaque(on, leg, std::move(socket), seat(on, leg));
  return serve_seated(on, leg, std::move(socket), seat(on, leg));
}

}  // namespace sidespan::forward

// SPDX-License-Identifier: Apache-2.0
#include "forward/connection.hpp"

#include "base/log.hpp"
#include "forward/exchange.hpp"
#include "forward/opaque.hpp"

namespace sidespan::forward {
namespace {

/// Whoever was accepted while the listener closed has sent its request or is about to.
constexpr std::chrono::milliseconds late_comer_timeout{500};

wire::h1_server_limits limits_of(const shard& on, const door& at) {
  wire::h1_server_limits out;
  const settings& forward = on.in_force->forward;
  const listener_settings& own = at.leg->settings();
  out.head.head_bytes = forward.header_bytes;
  out.head.target_bytes = std::min(forward.target_bytes, out.head.head_bytes);
  out.head.field_count = forward.header_fields;
  out.min_rate = own.min_rate;
  out.head_timeout = own.request_head_timeout;
  out.idle_timeout = own.idle_timeout;
  out.keep_alive_timeout = on.draining(at) ? late_comer_timeout : out.idle_timeout;
  return out;
}

}  // namespace

seat::seat(shard& on, door& at) : shard_(&on), door_(&at) {
  ++at.connections;
  on.all.connections.fetch_add(1, std::memory_order_relaxed);
  at.leg->current_load().connections.fetch_add(1, std::memory_order_relaxed);
  if (at.inbound) on.all.inbound_connections.fetch_add(1, std::memory_order_relaxed);
  on.seen.connection_accepted(at.inbound);
}

seat::~seat() {
  if (shard_ == nullptr) return;
  --door_->connections;
  shard_->all.connections.fetch_sub(1, std::memory_order_relaxed);
  door_->leg->current_load().connections.fetch_sub(1, std::memory_order_relaxed);
  if (door_->inbound) shard_->all.inbound_connections.fetch_sub(1, std::memory_order_relaxed);
  shard_->seen.connection_closed(door_->inbound);
}

connection::connection(shard& on, const door& at, net::accepted from)
    : shard_(on),
      door_(at),
      reloads_(on.reloads),
      http_(std::make_unique<net::stream>(std::move(from), on.wheel), on.buffers, limits_of(on, at)),
      place_(on.connections.insert(on.connections.end(), this)),
      pulse_(on.wheel, &connection::on_pulse, this),
      draining_(on.draining(at)) {}

connection::~connection() { shard_.connections.erase(place_); }

net::task<void> connection::serve() {
  bool more = true;
  bool fresh = true;  // a first request is waited for even in a drain
  while (more && (fresh || !(draining_ && http_.idle()))) {
    fresh = false;
    waiting_ = true;
    if (reloads_ != shard_.reloads) follow_reloads();
    const base::result<bool> next = co_await http_.next();
    waiting_ = false;
    if (next && !*next) break;
    if (reloads_ != shard_.reloads) follow_reloads();
    exchange current(shard_, door_, http_, recurring_, pulse_);
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
  if (http_.close_at_once()) co_return;
  if (draining_) http_.hurry();
  co_await http_.close_gently();
}

/// Armed by an exchange; it may be over by now, and the next one under way.
void connection::on_pulse(void* self) noexcept {
  if (exchange* const current = static_cast<connection*>(self)->current_; current != nullptr) current->pulse();
}

void connection::follow_reloads() {
  reloads_ = shard_.reloads;
  http_.set_limits(limits_of(shard_, door_));
  recurring_ = trace::recurring();  // what spans say depends on settings
}

void connection::drain() noexcept {
  draining_ = true;
  // A request that has arrived and was not read yet is still served.
  if (waiting_ && http_.idle() && http_.quiet()) {
    http_.interrupt(false);
  } else {
    http_.close_after();
    http_.hurry();  // it may have been answered already
  }
}

void connection::cut() noexcept {
  draining_ = true;
  if (current_ != nullptr) current_->cut();
  http_.interrupt(false);
}

std::chrono::milliseconds connection::idle_for() const noexcept {
  return waiting_ && http_.idle() ? http_.idle_for() : std::chrono::milliseconds(-1);
}

bool connection::give_way() noexcept {
  if (!http_.quiet()) return false;
  draining_ = true;
  http_.interrupt(false);
  return true;
}

/// Requests do not pay for it: nothing is kept in order, and of very many connections only some are looked at, others
/// the next time.
bool close_idlest(shard& on, const door* of) noexcept {
  constexpr std::size_t most_looked_at = 256;
  connection* idlest = nullptr;
  auto longest = least_idle;
  const std::size_t count = std::min(on.connections.size(), most_looked_at);
  for (std::size_t i = 0; i < count; ++i) {
    connection& each = *on.connections.front();
    on.connections.splice(on.connections.end(), on.connections, on.connections.begin());
    if ((of != nullptr && &each.at() != of) || each.idle_for() < longest) continue;
    longest = each.idle_for();
    idlest = &each;
  }
  return idlest != nullptr && idlest->give_way();
}

namespace {

net::task<void> serve_seated(shard& on, const door& at, net::accepted from, seat) {
  connection self(on, at, std::move(from));
  co_await self.serve();
}

net::task<void> serve_opaque(shard& on, const door& at, net::accepted from, seat) {
  opaque_connection self(on, at, std::move(from));
  co_await self.serve();
}

}  // namespace

net::task<void> serve_connection(shard& on, door& at, net::accepted from) {
  if (at.leg->settings().opaque) return serve_opaque(on, at, std::move(from), seat(on, at));
  return serve_seated(on, at, std::move(from), seat(on, at));
}

}  // namespace sidespan::forward

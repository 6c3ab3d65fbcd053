// SPDX-License-Identifier: Apache-2.0
#include "app/shard.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "app/reload.hpp"
#include "forward/opaque.hpp"
#include "net/registrations.hpp"
#include "net/spawn.hpp"

namespace sidespan::app {
namespace {

/// 1,000 callers and as many connections to upstreams; what a burst needs beyond that is made then.
constexpr std::size_t registrations = 1024;

upstream::pool_settings pool_settings_of(const forward::settings& configured) {
  upstream::pool_settings out;
  out.head.head_bytes = configured.header_bytes;
  out.head.field_count = configured.header_fields;
  out.idle_per_endpoint = configured.idle_upstream_connections;
  return out;
}

bool own_used_up(const forward::leg& leg) noexcept {
  const std::size_t most = leg.settings().max_connections;
  return most != 0 && leg.current_load().connections.load(std::memory_order_relaxed) >= most;
}

}  // namespace

// One thread runs the loop, so the reactor needs no locks of its own; posting from other threads stays safe.
shard::shard(std::size_t number, forward::process& all, trace::sink& sink)
    : loop_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      keep_running_(loop_.get_executor()),
      wheel_(loop_),
      observe_(all.clock),
      pool_(loop_, wheel_, buffers_, {}),
      here_{all, loop_, wheel_, buffers_, pool_, random_, sink, observe_, {}, 0, {}, {}, false, false},
      number_(number) {
  pool_.tell(&observe_);
  net::make_registrations(loop_, registrations);
}

shard::~shard() {
  stop();
  loop_.destroy_what_waits();
}

/// What keeps a listener from taking one more connection; empty: nothing.
std::string_view shard::used_up(const forward::leg& leg) const noexcept {
  using forward::limit;
  const std::size_t open = here_.all.connections.load(std::memory_order_relaxed);
  if (open >= here_.in_force->forward.connections || own_used_up(leg)) return forward::name(limit::connections);
  if (open >= here_.all.connections_by_files) return forward::name(limit::descriptors);
  return buffers_.full() ? forward::name(limit::memory) : std::string_view();
}

/// Whoever waits for a request gives way to whoever has one.
bool shard::make_room(const forward::door& at, std::string_view limit) noexcept {
  const bool files = here_.all.connections.load(std::memory_order_relaxed) < here_.all.connections_by_files &&
                     limit == forward::name(forward::limit::descriptors);
  if (files && pool_.close_one_idle()) return true;
  if (!forward::close_idlest(here_, own_used_up(*at.leg) ? &at : nullptr)) return false;
  observe_.paused(limit);
  return true;
}

/// Upstream connections have what callers leave of the descriptors: accepting and the pages find one then. Each caller
/// may need one connection of its own shard; what is left beyond that all shards share evenly.
void shard::share_files() noexcept {
  constexpr std::size_t plenty = std::size_t{1} << 24;
  const std::size_t open = here_.all.connections.load(std::memory_order_relaxed);
  const std::size_t callers = std::min(here_.all.connections_by_files, plenty);
  std::size_t own = 0;
  for (const entrance& each : entrances_) own += each.door.connections;
  pool_.keep_open(own + 2 * (callers - std::min(callers, open)) / here_.all.shards);
}

void shard::start() {
  thread_ = std::thread([this] { loop_.run(); });
  pthread_setname_np(thread_.native_handle(), "shard");
}

void shard::reload(shard_change what, std::atomic<std::size_t>& done) {
  net::asio::post(loop_, [this, what = std::move(what), &done]() mutable {
    ++here_.reloads;
    change(std::move(what));
    done.fetch_add(1, std::memory_order_release);
  });
}

void shard::change(shard_change what) {
  here_.in_force = forward::held_snapshot(what.next);
  here_.response_times = what.log != nullptr;
  pool_.configure(pool_settings_of(what.next->forward));
  buffers_.limit(what.buffer_bytes);
  observe_.know_methods(what.next->trace.known_methods);
  observe_.log_to(what.log, number_, std::move(what.log_lines));
  for (entrance& each : entrances_) follow(each);
  for (shard_change::added& each : what.listeners) open(std::move(each));
  forget_closed();
}

/// A listener that was there before: its leg is another one now, or it closes.
void shard::follow(entrance& at) {
  if (at.door.closed) return;
  for (const auto& leg : here_.in_force->legs) {
    if (!same_place(leg->settings(), at.door.leg->settings())) continue;
    at.door.leg = leg;
    return;
  }
  at.door.closed = true;
  at.closed_by = here_.reloads;
  for (forward::connection* connection : here_.connections) {
    if (&connection->at() == &at.door) connection->drain();
  }
  // After it: what comes out of its queue has a request of its own to bring first.
  at.socket->stop();
}

void shard::open(shard_change::added what) {
  entrance& at = entrances_.emplace_back(std::move(what.leg));
  auto accepted = [this, &at](net::accepted connection) {
    net::spawn(loop_.get_executor(), forward::serve_connection(here_, at.door, std::move(connection)), "connection");
    share_files();
  };
  auto admission = [this, &at] { return used_up(*at.door.leg); };
  auto paused = [this](std::string_view limit) { observe_.paused(limit); };
  auto make_room = [this, &at](std::string_view limit) { return this->make_room(at.door, limit); };
  at.socket = std::make_unique<net::listener>(std::move(what.socket).unpark(loop_), accepted, admission, paused,
                                              at.door.leg->settings().key, make_room);
  at.socket->start();
}

void shard::forget_closed() {
  entrances_.remove_if(
      [](const entrance& each) { return each.door.closed && each.door.connections == 0 && each.socket->done(); });
}

void shard::cut_closed(std::size_t reload) {
  net::asio::post(loop_, [this, reload] {
    for (forward::connection* connection : here_.connections) {
      for (const entrance& each : entrances_) {
        if (&connection->at() == &each.door && each.door.closed && each.closed_by <= reload) connection->cut();
      }
    }
    for (forward::opaque_connection* connection : here_.opaque) {
      for (const entrance& each : entrances_) {
        if (&connection->at() == &each.door && each.door.closed && each.closed_by <= reload) connection->cut();
      }
    }
    forget_closed();
  });
}

void shard::drain_inbound() {
  net::asio::post(loop_, [this] { drain(true); });
}

void shard::drain_outbound() {
  net::asio::post(loop_, [this] { drain(false); });
}

void shard::drain(bool inbound) {
  (inbound ? here_.draining_inbound : here_.draining_outbound) = true;
  for (forward::connection* connection : here_.connections) {
    if (connection->at().inbound == inbound) connection->drain();
  }
  // After it: what comes out of their queues has a request of its own to bring first.
  for (entrance& each : entrances_) {
    if (each.door.inbound == inbound) each.socket->stop();
  }
  closed_[inbound ? 0 : 1].store(true, std::memory_order_release);
}

void shard::cut() {
  net::asio::post(loop_, [this] {
    pool_.close_idle();
    for (forward::connection* connection : here_.connections) connection->cut();
    for (forward::opaque_connection* connection : here_.opaque) connection->cut();
  });
}

void shard::probe(std::uint64_t mark) {
  net::asio::post(loop_, [this, mark] { alive_mark_.store(mark, std::memory_order_relaxed); });
}

void shard::stop() noexcept {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

}  // namespace sidespan::app

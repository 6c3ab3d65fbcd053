// SPDX-License-Identifier: Apache-2.0
#include "app/shard.hpp"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "forward/opaque.hpp"
#include "net/spawn.hpp"

namespace sidespan::app {
namespace {

upstream::pool_settings pool_settings_of(const settings& configured) {
  upstream::pool_settings out;
  out.head.head_bytes = configured.forward.header_bytes;
  out.head.field_count = configured.forward.header_fields;
  out.idle_per_endpoint = configured.forward.idle_upstream_connections;
  return out;
}

}  // namespace

// One thread runs the loop, so the reactor needs no locks of its own; posting from other threads stays safe.
shard::shard(const settings& configured, forward::process& all, trace::sink& sink)
    : loop_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      keep_running_(loop_.get_executor()),
      wheel_(loop_),
      buffers_(configured.forward.memory / configured.workers),
      observe_(configured.trace.known_methods, all.clock),
      pool_(loop_, wheel_, buffers_, pool_settings_of(configured)),
      here_{all, loop_, wheel_, buffers_, pool_, random_, sink, observe_, {}, {}, false, false} {
  pool_.tell(&observe_);
}

shard::~shard() { stop(); }

std::uint16_t shard::listen(const forward::leg& leg, std::uint16_t port, bool shared) {
  const forward::listener_settings& wanted = leg.settings();
  net::acceptor socket = net::bind_listener(loop_, wanted.address, port, shared);
  auto accepted = [this, &leg](net::tcp_socket connection) {
    net::spawn(loop_.get_executor(), forward::serve_connection(here_, leg, std::move(connection)), "connection");
  };
  auto admission = [this, &leg] { return used_up(leg); };
  auto paused = [this](std::string_view what) { observe_.paused(what); };
  listeners_.push_back(
      {&leg, std::make_unique<net::listener>(std::move(socket), accepted, admission, paused, wanted.key)});
  return listeners_.back().socket->port();
}

/// What keeps a listener from taking one more connection; empty: nothing.
std::string_view shard::used_up(const forward::leg& leg) const noexcept {
  using forward::limit;
  const std::size_t own = leg.settings().max_connections;
  const bool all_taken = here_.all.connections.load(std::memory_order_relaxed) >= here_.all.forward.connections;
  const bool own_taken = own != 0 && leg.current_load().connections.load(std::memory_order_relaxed) >= own;
  if (all_taken || own_taken) return forward::name(limit::connections);
  return buffers_.full() ? forward::name(limit::memory) : std::string_view();
}

void shard::log_to(access_log& where, std::size_t number, access_line_settings how) {
  observe_.log_to(&where, number, std::move(how));
  here_.response_times = true;
}

void shard::start() {
  for (bound& each : listeners_) each.socket->start();
  thread_ = std::thread([this] { loop_.run(); });
  pthread_setname_np(thread_.native_handle(), "shard");
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
    if (connection->on_leg().inbound() == inbound) connection->drain();
  }
  // After it: what comes out of their queues has a request of its own to bring first.
  for (bound& each : listeners_) {
    if (each.leg->inbound() == inbound) each.socket->stop();
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

// SPDX-License-Identifier: Apache-2.0
#include "forward/tunnel.hpp"

#include <new>

#include "wire/h1_input.hpp"

namespace sidespan::forward {

std::string_view name(tunnel_kind value) noexcept {
  switch (value) {
    case tunnel_kind::upgrade:
      return "upgrade";
    case tunnel_kind::connect:
      return "connect";
    case tunnel_kind::tcp:
      return "tcp";
  }
  return "tcp";
}

std::string_view name(tunnel_end value) noexcept {
  switch (value) {
    case tunnel_end::downstream_closed:
      return "downstream_closed";
    case tunnel_end::upstream_closed:
      return "upstream_closed";
    case tunnel_end::downstream_reset:
      return "downstream_reset";
    case tunnel_end::upstream_reset:
      return "upstream_reset";
    case tunnel_end::idle_timeout:
      return "idle_timeout";
    case tunnel_end::cut:
      return "shutdown";
    case tunnel_end::no_memory:
      return "no_memory";
    case tunnel_end::connect_failed:
      return "connect_failed";
  }
  return "shutdown";
}

base::fault fault_of(tunnel_end end) noexcept {
  using base::fault_code;
  if (end == tunnel_end::upstream_reset)
    return {fault_code::connection_terminated, base::side::upstream, base::stage::tunnel, "upstream reset"};
  if (end == tunnel_end::downstream_reset)
    return {fault_code::downstream_closed, base::side::downstream, base::stage::tunnel, "downstream reset"};
  if (end == tunnel_end::no_memory) return wire::no_buffers(base::stage::tunnel);
  return {};
}

namespace {

bool is_ours(tunnel_end end) noexcept {
  return end == tunnel_end::idle_timeout || end == tunnel_end::cut || end == tunnel_end::no_memory;
}

}  // namespace

tunnel::tunnel(wire::raw_connection down, wire::raw_connection up, wire::buffer_pool& buffers,
               std::chrono::milliseconds idle)
    : buffers_(buffers),
      idle_limit_(idle),
      idle_(down.stream->wheel(), &tunnel::on_idle, this),
      up_{*down.stream,
          *up.stream,
          down.unread,
          tunnel_end::downstream_closed,
          tunnel_end::downstream_reset,
          tunnel_end::upstream_reset},
      down_{*up.stream,
            *down.stream,
            up.unread,
            tunnel_end::upstream_closed,
            tunnel_end::upstream_reset,
            tunnel_end::downstream_reset} {
  for (net::stream* each : {&up_.from, &up_.to}) {
    each->no_limit();
    each->no_write_limit();
    // A peer that vanished without a word is found in the end, whatever the idle limit.
    net::error_code ignored;
    each->socket().set_option(net::asio::socket_base::keep_alive(true), ignored);
  }
}

net::task<tunnel_outcome> tunnel::run() {
  idle_.arm(idle_limit_);
  net::task<void> downwards = pump(down_);  // made before anything refers to what is here
  upwards_.begin(up_.from.socket().get_executor(), pump(up_), "tunnel");
  co_await downwards;
  co_await upwards_.end();
  idle_.disarm();
  const bool whole = up_.ended && down_.ended;
  for (net::stream* each : {&up_.from, &up_.to}) {
    if (whole) {
      each->close();
    } else {
      each->abort();
    }
  }
  tunnel_outcome out;
  out.bytes_up = up_.bytes;
  out.bytes_down = down_.bytes;
  if (failed_) out.end = *failed_;
  // A reset that follows the other side's end is how many programs close: whoever ended first did it.
  const bool by_us = failed_ && is_ours(*failed_);
  if (first_closed_ && !by_us) out.end = *first_closed_;
  co_return out;
}

/// Ends without an exception: the other direction refers to what is here.
net::task<void> tunnel::pump(direction& way) {
  try {
    net::task<void> all = pass_all(way);
    co_await all;
  } catch (const std::bad_alloc&) {
    end(tunnel_end::no_memory);
  }
}

net::task<void> tunnel::pass_all(direction& way) {
  std::array<char, small_read> small;
  wire::buffer_pool::block block;
  bool alive = co_await pass_on(way, way.first);
  while (alive) {
    const std::span<char> room = block ? block.span() : std::span<char>(small);
    net::error_code ec;
    const std::size_t got = co_await way.from.read_some(room, ec);
    if (got == 0) {
      const net::io_end how = way.from.end_of(ec);
      if (how != net::io_end::closed) {
        end(way.reset_from);
        co_return;
      }
      if (!first_closed_) first_closed_ = way.closed;
      way.ended = true;
      way.to.shut_write();
      co_return;
    }
    const std::string_view piece(room.data(), got);
    alive = co_await pass_on(way, piece);
    if (got == room.size() && !block) {
      block = buffers_.take();
    } else if (got <= small_read) {
      block.release();
    }
  }
}

/// False: the other end is gone.
net::task<bool> tunnel::pass_on(direction& way, std::string_view piece) {
  idle_.arm(idle_limit_);
  net::stream::pieces text{piece};
  const auto stopped = co_await way.to.write(text);
  if (stopped) {
    end(way.reset_to);
    co_return false;
  }
  way.bytes += piece.size();
  idle_.arm(idle_limit_);
  co_return true;
}

void tunnel::end(tunnel_end how) noexcept {
  if (failed_) return;
  failed_ = how;
  up_.from.interrupt(false);
  up_.to.interrupt(false);
}

void tunnel::on_idle(void* self) noexcept { static_cast<tunnel*>(self)->end(tunnel_end::idle_timeout); }

}  // namespace sidespan::forward

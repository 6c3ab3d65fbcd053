// SPDX-License-Identifier: Apache-2.0
//
// Bytes both ways between two connections, unread: what follows a 101 or the 2xx to a CONNECT, and the whole of an
// opaque TCP connection. Knows half-closed connections (the end of one direction is passed on and the other goes on)
// and back-pressure (a piece is read only when the one before has been written). A shard's thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/beside.hpp"
#include "net/deadlines.hpp"
#include "wire/buffers.hpp"
#include "wire/exchange.hpp"

namespace sidespan::forward {

enum class tunnel_kind : std::uint8_t { upgrade, connect, tcp };
std::string_view name(tunnel_kind value) noexcept;

/// What ended a tunnel; the side that closed or failed first, because the other only follows.
enum class tunnel_end : std::uint8_t {
  downstream_closed,
  upstream_closed,
  downstream_reset,
  upstream_reset,
  idle_timeout,
  cut,             // by us, at shutdown
  no_memory,       // by us
  connect_failed,  // it never began
};
std::string_view name(tunnel_end value) noexcept;

/// Only an upstream that resets while the downstream is there is an error (decision 12), and memory that is used up;
/// `none` for an ordinary end.
base::fault fault_of(tunnel_end end) noexcept;

struct tunnel_outcome {
  tunnel_end end = tunnel_end::cut;
  std::uint64_t bytes_up = 0;    // written to the upstream
  std::uint64_t bytes_down = 0;  // written to the downstream
};

class tunnel {
 public:
  /// `idle`: longest time without a byte in either direction, 0: no limit. What the streams are limited by otherwise no
  /// longer counts.
  tunnel(wire::raw_connection down, wire::raw_connection up, wire::buffer_pool& buffers,
         std::chrono::milliseconds idle);
  tunnel(const tunnel&) = delete;
  tunnel& operator=(const tunnel&) = delete;

  /// Returns when both directions have ended; both connections are closed then: with FIN when each side had ended what
  /// it sent, else with RST, so that nobody takes what came for complete.
  net::task<tunnel_outcome> run();
  /// Ends it now.
  void cut() noexcept { end(tunnel_end::cut); }

 private:
  /// Enough for the messages of an idle chat; who sends more at once gets a block of the pool.
  static constexpr std::size_t small_read = 2048;

  struct direction {
    net::stream& from;
    net::stream& to;
    std::string_view first;  // was received together with the head
    tunnel_end closed, reset_from, reset_to;
    std::uint64_t bytes = 0;
    bool ended = false;  // FIN came and was passed on
  };

  net::task<void> pump(direction& way);
  net::task<void> pass_all(direction& way);
  net::task<bool> pass_on(direction& way, std::string_view piece);
  void end(tunnel_end how) noexcept;
  static void on_idle(void* self) noexcept;

  wire::buffer_pool& buffers_;
  std::chrono::milliseconds idle_limit_;
  net::deadline idle_;
  direction up_;    // downstream to upstream
  direction down_;  // upstream to downstream
  net::beside upwards_;
  std::optional<tunnel_end> first_closed_;
  std::optional<tunnel_end> failed_;
};

}  // namespace sidespan::forward

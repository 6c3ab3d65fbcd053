// SPDX-License-Identifier: Apache-2.0
//
// Stage forward: one attempt's request and response between two exchanges, both bodies at once when the request is not
// complete yet, with back-pressure (a piece is read only when the one before has been written), and without ever
// holding a whole body. A shard's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/fault.hpp"
#include "net/task.hpp"
#include "wire/exchange.hpp"

namespace sidespan::forward {

/// What the exchange wants to do at the turning points of a relay.
class relay_hooks {
 public:
  virtual ~relay_hooks() = default;
  /// The final response head is there, before it is put; may change it. A fault refuses the response.
  virtual base::result<void> on_response(http::response_head& head) = 0;
  /// The upstream wants to switch protocols; may change the 101 that goes on. A fault refuses it.
  virtual base::result<void> on_switch(http::response_head& head) = 0;
  /// The upstream has answered in full; what is left is to write the last piece to the downstream.
  virtual void on_response_complete() noexcept = 0;
};

struct kept_body;

struct relay_request {
  wire::server_exchange& down;
  wire::client_exchange& up;
  std::string_view target;             // for the request line
  std::uint64_t max_body_bytes = 0;    // 0: no limit
  bool expects_continue = false;       // the downstream waits for a 100
  kept_body* kept = nullptr;           // null: the request is sent once, or has no body
  const base::clock* times = nullptr;  // asked for the times below; null: nobody wants them
};

/// A whole request body that came with the head, kept for another attempt.
struct kept_body {
  /// Where it is kept; null: it is not wanted.
  base::arena* in = nullptr;
  std::uint64_t most_bytes = 0;
  /// What was kept; from then on it is sent instead of what the downstream has.
  std::optional<std::string_view> bytes;
};

struct relay_outcome {
  std::optional<base::fault> fault;
  int status = 0;          // of the final response, or 101; 0: none came
  bool continued = false;  // a 100 has been passed on
  bool switched = false;   // the 101 has been written: both connections are raw now
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  // By the clock `times`; 0 ns: not reached, or nobody asked.
  base::steady_time request_sent;  // whole, to the upstream
  base::steady_time first_byte;    // the final response head has been read
  base::steady_time last_byte;     // the response has been read whole; the same when it came with its head
};

/// Returns when both directions are done or given up, or protocols have been switched. With a fault and no response
/// started, the caller answers. No memory left is a fault like any other (connection_limit_reached).
/// An idempotent request whose body is to be kept names where in `request.kept`.
net::task<relay_outcome> relay(relay_request request, relay_hooks& hooks, net::executor where);

}  // namespace sidespan::forward

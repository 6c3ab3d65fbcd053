// SPDX-License-Identifier: Apache-2.0
//
// Accepts connections on one address for one shard (stage accept). Pauses, and says so, when the process is out of file
// descriptors or memory or the connection limit is reached, and goes on when there is some again; it does not spin,
// unless there is not even memory for a timer. Lives on the shard's thread.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "net/set_aside.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace sidespan::net {

using acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;

/// Binds and listens. `address` is an IP address or `*` for all (IPv6 and IPv4 on one socket where IPv6 exists).
/// Exclusive unless `shared` (SO_REUSEPORT, for the second and further shards). Throws std::runtime_error naming the
/// address.
acceptor bind_listener(asio::io_context& loop, const std::string& address, std::uint16_t port, bool shared);

/// A listening socket without a loop, on its way to the thread that will accept from it.
class parked_listener {
 public:
  explicit parked_listener(acceptor from);
  parked_listener(parked_listener&& other) noexcept;
  parked_listener& operator=(parked_listener&&) = delete;
  ~parked_listener();

  /// On the thread of `loop`, once.
  acceptor unpark(asio::io_context& loop) &&;
  std::uint16_t port() const noexcept { return where_.port(); }

 private:
  tcp_endpoint where_;
  int descriptor_;
};

class listener {
 public:
  /// Gets each connection on the shard's thread.
  using on_connection = std::function<void(accepted)>;
  /// Asked before each accept: names what is used up, which pauses accepting for a moment; empty: nothing is.
  using may_accept = std::function<std::string_view()>;
  /// Told once when accepting pauses, with what is used up: `descriptors`, or what admission said.
  using on_pause = std::function<void(std::string_view)>;

  /// Asked when somebody waits and cannot be accepted, with what is used up. True: there will be room in a moment;
  /// false: accepting pauses. Without it accepting pauses even while nobody waits.
  using make_room = std::function<bool(std::string_view)>;

  listener(acceptor socket, on_connection callback, may_accept admission, on_pause paused, std::string name,
           make_room room = {});
  /// Starts accepting; the listener must outlive the loop's turns until stop() has taken effect.
  void start();
  /// Hands over what the kernel has taken in already, then closes the listening socket: the kernel refuses further
  /// connections. Closing alone would reset those that wait in its queue.
  void stop();

  /// It accepts no more and may be destroyed.
  bool done() const noexcept { return !running_; }
  std::uint16_t port() const noexcept { return port_; }
  const std::string& name() const noexcept { return name_; }

 private:
  task<void> run();
  task<void> accept_loop();
  void take_queued();
  task<std::string_view> accept_some();
  std::string_view accept_one();
  void take_one(error_code& ec);
  void hand_over(tcp_socket socket, const tcp_endpoint& peer);
  bool somebody_waits() noexcept;
  void tell_pause(std::string_view used_up) noexcept;
  task<void> pause(std::string_view used_up);
  task<bool> room_made(std::string_view used_up);

  acceptor acceptor_;
  on_connection callback_;
  may_accept admission_;
  on_pause paused_;
  make_room make_room_;
  bool pausing_ = false;
  base::throttle say_paused_{std::chrono::seconds(10)};
  std::string name_;
  std::uint16_t port_;
  bool running_ = false;
  set_aside* memory_ = nullptr;  // of what run() waits for
};

}  // namespace sidespan::net

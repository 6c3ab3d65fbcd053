// SPDX-License-Identifier: Apache-2.0
#include "net/listener.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/v6_only.hpp>
#include <new>
#include <stdexcept>
#include <utility>

#include "net/keep_alive.hpp"
#include "net/operation.hpp"
#include "net/spawn.hpp"

namespace sidespan::net {
namespace {

constexpr std::chrono::milliseconds pause_when_full{100};
/// For what has been closed to be gone.
constexpr std::chrono::milliseconds pause_for_room{1};
/// Before others have their turn.
constexpr int most_at_once = 32;

/// What accepted connections inherit; set once instead of on each of them.
void set_inherited(acceptor& on) {
  error_code ignored;
  on.set_option(asio::ip::tcp::no_delay(true), ignored);
  keep_alive(on.native_handle());
}

acceptor open_listener(asio::io_context& loop, const tcp_endpoint& where, bool shared, error_code& ec) {
  acceptor out(loop.get_executor());
  out.open(where.protocol(), ec);
  if (ec) return out;
  out.set_option(asio::socket_base::reuse_address(true), ec);
  if (where.protocol() == asio::ip::tcp::v6()) out.set_option(asio::ip::v6_only(!where.address().is_unspecified()), ec);
  set_inherited(out);
  const int on = 1;
  if (shared) ::setsockopt(out.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  out.bind(where, ec);
  if (!ec) out.listen(asio::socket_base::max_listen_connections, ec);
  return out;
}

[[noreturn]] void fail(const std::string& address, std::uint16_t port, const error_code& ec) {
  throw std::runtime_error("cannot listen on " + address + ":" + std::to_string(port) + ": " + ec.message());
}

}  // namespace

acceptor bind_listener(asio::io_context& loop, const std::string& address, std::uint16_t port, bool shared) {
  error_code ec;
  if (address != "*") {
    const auto ip = asio::ip::make_address(address, ec);
    if (ec) fail(address, port, ec);
    acceptor out = open_listener(loop, tcp_endpoint(ip, port), shared, ec);
    if (ec) fail(address, port, ec);
    return out;
  }
  acceptor both = open_listener(loop, tcp_endpoint(asio::ip::address_v6::any(), port), shared, ec);
  if (!ec) return both;
  if (ec == asio::error::address_in_use) fail(address, port, ec);
  // No IPv6 in this network namespace.
  acceptor v4 = open_listener(loop, tcp_endpoint(asio::ip::address_v4::any(), port), shared, ec);
  if (ec) fail(address, port, ec);
  return v4;
}

parked_listener::parked_listener(acceptor from) : where_(from.local_endpoint()), descriptor_(from.release()) {}

parked_listener::parked_listener(parked_listener&& other) noexcept
    : where_(other.where_), descriptor_(std::exchange(other.descriptor_, -1)) {}

parked_listener::~parked_listener() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

acceptor parked_listener::unpark(asio::io_context& loop) && {
  return acceptor(loop.get_executor(), where_.protocol(), std::exchange(descriptor_, -1));
}

listener::listener(acceptor socket, on_connection callback, may_accept admission, on_pause paused, std::string name,
                   make_room room)
    : acceptor_(std::move(socket)),
      callback_(std::move(callback)),
      admission_(std::move(admission)),
      paused_(std::move(paused)),
      make_room_(std::move(room)),
      name_(std::move(name)) {
  error_code ignored;
  port_ = acceptor_.local_endpoint(ignored).port();
}

void listener::start() {
  running_ = true;
  spawn(acceptor_.get_executor(), run(), "accept");
}

/// Ends when the listening socket is closed. Accepting itself may find no memory, and goes on after a pause like any.
task<void> listener::run() {
  set_aside room;  // as long as what waits, which may be longer than the listener
  memory_ = &room;
  while (acceptor_.is_open()) {
    try {
      task<void> all = accept_loop();
      co_await all;
    } catch (const std::bad_alloc&) {
      tell_pause("memory");
    }
    if (!acceptor_.is_open()) break;
    bool paused = false;
    error_code ignored;
    try {
      timer wait(acceptor_.get_executor(), pause_when_full);
      co_await wait.async_wait(into(ignored, *memory_));
      paused = true;
    } catch (const std::bad_alloc&) {
      // Not even for a place among the timers: others have their turn at least.
    }
    if (!paused) co_await acceptor_.async_wait(acceptor::wait_read, into(ignored, *memory_));
  }
  running_ = false;
}

void listener::stop() {
  if (!acceptor_.is_open()) return;
  take_queued();
  error_code ignored;
  acceptor_.close(ignored);
}

void listener::take_queued() {
  error_code ec;
  acceptor_.non_blocking(true, ec);
  for (int taken = 0; !ec && taken < asio::socket_base::max_listen_connections; ++taken) {
    take_one(ec);
    if (ec == asio::error::connection_aborted || ec == asio::error::no_memory) ec.clear();  // that of one of them
  }
}

/// Waits until somebody is in the queue. True: it is worth trying again.
task<bool> listener::room_made(std::string_view used_up) {
  const bool kept_out = !admission_().empty();  // else the system did
  error_code ec;
  co_await acceptor_.async_wait(acceptor::wait_read, into(ec));
  if (ec || (kept_out && admission_().empty())) co_return true;
  if (!make_room_(used_up)) co_return false;
  timer wait(acceptor_.get_executor(), pause_for_room);
  co_await wait.async_wait(into(ec));
  co_return true;
}

void listener::tell_pause(std::string_view used_up) noexcept {
  const bool told = std::exchange(pausing_, true);
  try {
    if (!told) paused_(used_up);
    if (const auto swallowed = say_paused_.pass()) {
      base::log(base::log_level::warn, "accepting is paused",
                {{"listener", name_}, {"used_up", std::string(used_up)}, {"more", std::to_string(*swallowed)}});
    }
  } catch (const std::bad_alloc&) {
    // Which may be what is used up.
  }
}

task<void> listener::pause(std::string_view used_up) {
  if (make_room_) {
    if (const bool made = co_await room_made(used_up); made) co_return;
  }
  tell_pause(used_up);
  error_code ignored;
  timer wait(acceptor_.get_executor(), pause_when_full);
  co_await wait.async_wait(into(ignored, *memory_));
}

void listener::take_one(error_code& ec) {
  tcp_endpoint peer;
  auto size = static_cast<socklen_t>(peer.capacity());
  const int fd = ::accept4(acceptor_.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    ec = error_code(errno, boost::system::system_category());
    return;
  }
  peer.resize(size);
  bool owned = false;
  try {
    tcp_socket socket(acceptor_.get_executor());
    socket.assign(peer.protocol(), fd, ec);
    owned = !ec;
    if (owned) hand_over(std::move(socket), peer);
  } catch (const std::bad_alloc&) {
    ec = asio::error::no_memory;  // costs this connection, not all that would come after it
  }
  if (!owned) ::close(fd);
}

void listener::hand_over(tcp_socket socket, const tcp_endpoint& peer) {
  pausing_ = false;
  callback_(accepted(std::move(socket), peer));
}

/// What is used up, so that accepting must pause; empty: go on.
std::string_view listener::accept_one() {
  error_code ec;
  take_one(ec);
  // ECONNABORTED and friends concern one connection; being out of descriptors or memory concerns all (accept(2)).
  if (ec == asio::error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system)
    return "descriptors";
  if (ec == asio::error::no_buffer_space || ec == asio::error::no_memory) return "memory";
  return {};
}

bool listener::somebody_waits() noexcept {
  pollfd state{acceptor_.native_handle(), POLLIN, 0};
  return ::poll(&state, 1, 0) > 0;
}

/// The same. The kernel makes a socket before it looks whether there is anybody to accept, so an accept() in vain costs
/// 1.9 µs, a poll() a twelfth of that; hence not Asio's, which tries first and whenever it has accepted one.
task<std::string_view> listener::accept_some() {
  error_code ec;
  co_await acceptor_.async_wait(acceptor::wait_read, into(ec, *memory_));
  std::string_view used_up;
  for (int taken = 0; !ec && acceptor_.is_open() && taken < most_at_once; ++taken) {
    if (taken > 0 && !somebody_waits()) break;
    used_up = admission_();
    if (used_up.empty()) used_up = accept_one();
    if (!used_up.empty()) break;
  }
  co_return used_up;
}

task<void> listener::accept_loop() {
  while (acceptor_.is_open()) {
    std::string_view used_up = admission_();
    if (used_up.empty()) used_up = co_await accept_some();
    if (!used_up.empty()) co_await pause(used_up);
  }
}

}  // namespace sidespan::net

// SPDX-License-Identifier: Apache-2.0
#include "net/connector.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "net/keep_alive.hpp"
#include "net/operation.hpp"
#include "net/spawn.hpp"

namespace sidespan::net {
namespace {

using base::fault;
using base::fault_code;

constexpr std::size_t max_remembered = 1024;

fault connect_fault(const error_code& ec) {
  const auto upstream = [](fault_code code, const char* detail) {
    return fault(code, base::side::upstream, base::stage::connect, detail);
  };
  if (ec == asio::error::timed_out || ec == asio::error::operation_aborted)
    return upstream(fault_code::connection_timeout, "connect timed out");
  if (ec == asio::error::connection_refused) return upstream(fault_code::connection_refused, "connection refused");
  if (ec == asio::error::host_unreachable || ec == asio::error::network_unreachable ||
      ec == asio::error::address_family_not_supported) {
    return upstream(fault_code::destination_ip_unroutable, "no route to the address");
  }
  if (ec == asio::error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system) {
    return fault(fault_code::connection_limit_reached, base::side::internal, base::stage::connect,
                 "out of file descriptors");
  }
  if (ec == asio::error::no_memory) {
    return fault(fault_code::connection_limit_reached, base::side::internal, base::stage::connect, "no memory left");
  }
  if (ec == boost::system::errc::address_not_available) {
    return fault(fault_code::local_ports_used_up, base::side::internal, base::stage::connect,
                 "no local port or address left for the destination");
  }
  return upstream(fault_code::connection_terminated, "connect failed");
}

error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

/// Does not wait: the queue of a unix socket is full or it is not.
error_code connect_unix(tcp_socket& socket, const std::string& path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (path.size() >= sizeof where.sun_path) return asio::error::invalid_argument;
  std::memcpy(where.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return last_error();
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    // Nobody is there, or nobody takes connections: the same as a port that refuses.
    const bool refused = errno == ENOENT || errno == EAGAIN || errno == EACCES;
    const error_code ec = refused ? error_code(asio::error::connection_refused) : last_error();
    ::close(fd);
    return ec;
  }
  error_code ec;
  socket.assign(asio::ip::tcp::v4(), fd, ec);  // the protocol is not looked at again
  if (ec) ::close(fd);
  return ec;
}

/// Connecting leaves the socket registered for writing as well, and then every answer would come with an event that
/// nobody waits for.
error_code register_anew(tcp_socket& socket, const asio::ip::tcp& protocol) {
  error_code ec;
  const int fd = socket.release(ec);
  if (ec) return ec;
  socket.assign(protocol, fd, ec);
  if (ec) ::close(fd);
  return ec;
}

bool is_over(int fd) noexcept {
  pollfd state{fd, POLLOUT, 0};
  return ::poll(&state, 1, 0) > 0;
}

/// How it went, once it is over; before that it says 0 as well.
error_code result_of_connecting(int fd) noexcept {
  int why = 0;
  socklen_t size = sizeof why;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0) return last_error();
  return {why, boost::system::system_category()};
}

/// `over`: there is nothing to wait for. Within a host that is so when connect() comes back, although it says that it
/// goes on; to ask takes one call, to be told by the loop six and a turn of it.
error_code begin_connecting(tcp_socket& socket, const tcp_endpoint& where, bool& over) {
  const int fd = ::socket(where.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return last_error();
  error_code ec;
  if (::connect(fd, where.data(), static_cast<socklen_t>(where.size())) != 0 && errno != EINPROGRESS) ec = last_error();
  over = !ec && is_over(fd);
  if (over) ec = result_of_connecting(fd);
  if (!ec) socket.assign(where.protocol(), fd, ec);
  if (ec) ::close(fd);
  return ec;
}

}  // namespace

/// One socket on its way.
struct connector::attempt {
  tcp_socket* socket = nullptr;
  bool expired = false;

  static void expire(void* context) noexcept {
    auto* waiting = static_cast<attempt*>(context);
    waiting->expired = true;
    error_code ignored;
    waiting->socket->close(ignored);
  }
};

/// What the tries for one connection share; each of them keeps it alive.
struct connector::race {
  using clock = std::chrono::steady_clock;
  struct entry {
    destination where;
    clock::time_point began{};
    attempt* under_way = nullptr;
    bool failed = false;
  };

  explicit race(const executor& on) : changed(on) {}

  std::vector<entry> entries;
  std::size_t next = 0;
  std::size_t under_way = 0;
  bool hurry = true;  // nothing has been tried yet, or what was tried last has failed
  timer changed;
  error_code last = asio::error::host_not_found;
  std::unique_ptr<stream> won;
  std::size_t winner = 0;
};

connector::connector(asio::io_context& loop, deadlines& wheel, resolver::ways how)
    : loop_(loop), wheel_(wheel), resolver_(loop, how) {}

void connector::stop() noexcept {
  stopped_ = true;
  resolver_.stop();
  for (attempt* waiting : pending_) attempt::expire(waiting);
}

task<error_code> connector::connect_one(tcp_socket& socket, tcp_endpoint where, attempt& state,
                                        std::chrono::milliseconds limit) {
  bool over = false;
  error_code ec = begin_connecting(socket, where, over);
  if (!ec && !over) {
    state.socket = &socket;
    const auto place = pending_.insert(pending_.end(), &state);
    deadline timeout(wheel_, &attempt::expire, &state);
    timeout.arm(limit);
    try {
      // Asio may bring what was meant for a socket that has gone meanwhile, and whose place in its books this one took.
      do {
        co_await socket.async_wait(tcp_socket::wait_write, into(ec));
      } while (!ec && !is_over(socket.native_handle()));
    } catch (const std::bad_alloc&) {
      ec = asio::error::no_memory;
    }
    pending_.erase(place);
    if (state.expired) ec = asio::error::timed_out;
    if (!ec) ec = result_of_connecting(socket.native_handle());
    if (!ec) ec = register_anew(socket, where.protocol());
  }
  if (!ec) keep_alive(socket.native_handle());
  co_return ec;
}

/// The common case, without a coroutine of its own.
task<connector::outcome> connector::connect_only(tcp_endpoint where, std::chrono::milliseconds limit) {
  outcome out;
  tcp_socket socket(loop_.get_executor());
  attempt state;
  const error_code ec = co_await connect_one(socket, where, state, limit);
  if (ec) {
    out.failed.push_back(0);
    out.why = connect_fault(ec);
  } else {
    out.stream = std::make_unique<stream>(std::move(socket), wheel_);
  }
  co_return out;
}

/// What it is over with, also when there was no memory.
task<void> connector::try_one(std::shared_ptr<race> in, std::size_t which, std::chrono::milliseconds limit) {
  error_code ec = asio::error::no_memory;
  try {
    task<error_code> attempted = reach(*in, which, limit);
    ec = co_await attempted;
  } catch (const std::bad_alloc&) {
    // As `ec` says.
  }
  race::entry& own = in->entries[which];
  own.under_way = nullptr;
  own.failed = bool(ec);
  --in->under_way;
  if (ec) {
    in->last = ec;
    in->hurry = true;
  }
  in->changed.cancel();
}

task<error_code> connector::reach(race& in, std::size_t which, std::chrono::milliseconds limit) {
  race::entry& own = in.entries[which];
  const bool local = !own.where.path.empty();
  tcp_socket socket(loop_.get_executor());
  attempt state;
  error_code ec;
  if (local) {
    ec = connect_unix(socket, own.where.path);
  } else {
    own.under_way = &state;
    ec = co_await connect_one(socket, own.where.address, state, limit);
    own.under_way = nullptr;
  }
  if (ec || in.won) co_return ec;
  in.won = local ? std::make_unique<stream>(std::move(socket), wheel_, own.where.path)
                 : std::make_unique<stream>(std::move(socket), wheel_);
  in.winner = which;
  co_return ec;
}

bool connector::next_is_due(const race& in) noexcept {
  return in.next < in.entries.size() && (in.hurry || race::clock::now() - in.entries[in.next - 1].began >= stagger);
}

/// The others are given up; who had its chance and did not answer has failed.
void connector::settle(race& in, outcome& out) {
  const auto late = race::clock::now() - stagger;
  for (std::size_t i = 0; i < in.next; ++i) {
    race::entry& each = in.entries[i];
    if (each.failed || (each.under_way != nullptr && (!in.won || each.began <= late))) out.failed.push_back(i);
    if (each.under_way != nullptr) attempt::expire(each.under_way);
  }
  if (!in.won) out.why = connect_fault(in.under_way > 0 ? error_code(asio::error::timed_out) : in.last);
  out.winner = in.winner;
  out.stream = std::move(in.won);
}

task<connector::outcome> connector::connect_any(std::vector<destination> places, std::chrono::milliseconds limit) {
  using std::chrono::milliseconds;
  outcome out;
  if (stopped_) co_return out;
  if (places.size() == 1 && places.front().path.empty()) {
    out = co_await connect_only(places.front().address, limit);
    co_return out;
  }
  const auto end = race::clock::now() + limit;
  const auto in = std::make_shared<race>(loop_.get_executor());
  for (destination& each : places) in->entries.push_back({std::move(each), {}, nullptr, false});
  error_code ignored;
  while (!in->won) {
    const auto now = race::clock::now();
    const milliseconds left = std::chrono::ceil<milliseconds>(end - now);
    if (stopped_ || left.count() <= 0) break;
    if (next_is_due(*in)) {
      in->entries[in->next].began = now;
      in->hurry = false;
      ++in->under_way;
      spawn(loop_.get_executor(), try_one(in, in->next++, left), "connect");
      continue;  // it may have ended already
    }
    if (in->under_way == 0 && in->next == in->entries.size()) break;
    const bool more = in->next < in->entries.size();
    in->changed.expires_at(more ? std::min(end, now + stagger) : end);
    co_await in->changed.async_wait(into(ignored));
  }
  settle(*in, out);
  co_return out;
}

task<base::result<std::unique_ptr<stream>>> connector::connect(std::string host, std::uint16_t port,
                                                               std::chrono::milliseconds limit, opening* spent) {
  const auto began = std::chrono::steady_clock::now();
  const auto end = began + limit;
  auto found = co_await resolver_.resolve(host, limit);
  const auto resolved = std::chrono::steady_clock::now();
  if (spent != nullptr) spent->resolve = resolved - began;
  if (!found) co_return found.error();
  if (const auto last = worked_last_.find(host); last != worked_last_.end()) {
    const auto at = std::find(found->begin(), found->end(), last->second);
    if (at != found->end()) std::rotate(found->begin(), at, at + 1);
  }
  std::vector<destination> places;
  for (const auto& address : *found) places.push_back({tcp_endpoint(address, port), {}});
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - resolved);
  outcome out = co_await connect_any(std::move(places), left);
  if (spent != nullptr) spent->connect = std::chrono::steady_clock::now() - resolved;
  if (!out.stream) co_return out.why;
  if (worked_last_.size() >= max_remembered) worked_last_.clear();
  if (found->size() > 1) worked_last_[host] = (*found)[out.winner];
  co_return std::move(out.stream);
}

}  // namespace sidespan::net

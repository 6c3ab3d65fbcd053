// SPDX-License-Identifier: Apache-2.0
#include "net/connector.hpp"

#include <algorithm>

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
  if (ec == boost::system::errc::address_not_available) {
    return fault(fault_code::connection_limit_reached, base::side::internal, base::stage::connect,
                 "out of local ports");
  }
  return upstream(fault_code::connection_terminated, "connect failed");
}

}  // namespace

struct connector::pending {
  tcp_socket* socket;
  bool expired = false;

  static void expire(void* context) noexcept {
    auto* waiting = static_cast<pending*>(context);
    waiting->expired = true;
    error_code ignored;
    waiting->socket->close(ignored);
  }
};

connector::connector(asio::io_context& loop, deadlines& wheel) : loop_(loop), wheel_(wheel), resolver_(loop) {}

void connector::stop() noexcept {
  stopped_ = true;
  resolver_.stop();
  for (pending* waiting : pending_) pending::expire(waiting);
}

task<error_code> connector::connect_one(tcp_socket& socket, tcp_endpoint where, std::chrono::milliseconds limit) {
  error_code ec;
  pending waiting;
  waiting.socket = &socket;
  const auto place = pending_.insert(pending_.end(), &waiting);
  deadline timeout(wheel_, &pending::expire, &waiting);
  timeout.arm(limit);
  co_await socket.async_connect(where, into(ec));
  pending_.erase(place);
  if (waiting.expired) ec = asio::error::timed_out;
  co_return ec;
}

task<base::result<std::unique_ptr<stream>>> connector::connect(std::string host, std::uint16_t port,
                                                               std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  auto addresses = co_await resolver_.resolve(host, limit);
  if (!addresses) co_return addresses.error();
  if (const auto last = worked_last_.find(host); last != worked_last_.end()) {
    const auto at = std::find(addresses->begin(), addresses->end(), last->second);
    if (at != addresses->end()) std::rotate(addresses->begin(), at, at + 1);
  }
  error_code ec = asio::error::host_not_found;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0 || stopped_) co_return connect_fault(asio::error::timed_out);
    const tcp_endpoint where((*addresses)[i], port);
    tcp_socket socket(loop_.get_executor());
    ec = co_await connect_one(socket, where, left);
    if (!ec) {
      if (worked_last_.size() >= max_remembered) worked_last_.clear();
      if (addresses->size() > 1) worked_last_[host] = (*addresses)[i];
      co_return std::make_unique<stream>(std::move(socket), wheel_);
    }
  }
  co_return connect_fault(ec);
}

}  // namespace sidespan::net

// SPDX-License-Identifier: Apache-2.0
#include "upstream/pool.hpp"

namespace sidespan::upstream {

struct pool::idle_connection {
  idle_connection(pool& owner, const endpoint& where, std::unique_ptr<wire::h1_client> idle)
      : owner(owner), where(where), connection(std::move(idle)), expiry(owner.wheel_, &pool::on_expiry, this) {}

  pool& owner;
  const endpoint& where;  // the key of the map, which lives as long as its list is not empty
  std::unique_ptr<wire::h1_client> connection;
  net::deadline expiry;
};

pool::pool(net::asio::io_context& loop, net::deadlines& wheel, wire::buffer_pool& buffers, const pool_settings& settings)
    : wheel_(wheel), buffers_(buffers), settings_(settings), connector_(loop, wheel) {}

pool::~pool() = default;

pool::lease::lease(pool& owner, const endpoint& where, std::unique_ptr<wire::h1_client> connection) noexcept
    : owner_(&owner), where_(where), connection_(std::move(connection)) {}

pool::lease& pool::lease::operator=(lease&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  owner_ = other.owner_;
  where_ = std::move(other.where_);
  connection_ = std::move(other.connection_);
  return *this;
}

void pool::lease::give_back() noexcept {
  if (connection_ == nullptr) return;
  auto connection = std::move(connection_);
  if (connection->reusable()) owner_->put(where_, std::move(connection));
}

pool::lease pool::take_idle(const wanted& what) {
  const auto found = idle_.find(what.where);
  if (found == idle_.end() || what.fresh) return {};
  std::list<idle_connection>& list = found->second;
  lease out;
  while (!list.empty() && !out) {
    std::unique_ptr<wire::h1_client> connection = std::move(list.front().connection);
    list.pop_front();
    --idle_total_;
    // RFC 9112 §9.3.1: the upstream may have closed it meanwhile; bytes that nobody asked for are never a response (RS-8).
    if (!connection->quiet()) continue;
    connection->begin(what.idle_timeout);
    out = lease(*this, what.where, std::move(connection));
  }
  if (list.empty()) idle_.erase(found);
  return out;
}

net::task<base::result<pool::lease>> pool::connect(wanted what) {
  auto stream = co_await connector_.connect(what.where.host, what.where.port, what.connect_timeout);
  if (!stream) co_return stream.error();
  auto connection = std::make_unique<wire::h1_client>(std::move(*stream), buffers_, settings_.head, what.idle_timeout);
  connection->begin(what.idle_timeout);
  co_return lease(*this, what.where, std::move(connection));
}

void pool::put(const endpoint& where, std::unique_ptr<wire::h1_client> connection) noexcept {
  if (closing_ || settings_.idle_per_endpoint == 0) return;
  const auto at = idle_.try_emplace(where).first;
  std::list<idle_connection>& list = at->second;
  list.emplace_front(*this, at->first, std::move(connection));
  list.front().connection->stream().no_limit();
  list.front().expiry.arm(settings_.idle_timeout);
  ++idle_total_;
  if (list.size() > settings_.idle_per_endpoint) remove(list.back());
}

void pool::remove(idle_connection& expired) noexcept {
  const auto found = idle_.find(expired.where);
  --idle_total_;
  found->second.remove_if([&expired](const idle_connection& each) { return &each == &expired; });
  if (found->second.empty()) idle_.erase(found);
}

void pool::on_expiry(void* idle) noexcept {
  auto& expired = *static_cast<idle_connection*>(idle);
  expired.owner.remove(expired);
}

void pool::close_idle() noexcept {
  closing_ = true;
  connector_.stop();
  idle_.clear();
  idle_total_ = 0;
}

}  // namespace sidespan::upstream

// SPDX-License-Identifier: Apache-2.0
#include "upstream/pool.hpp"

namespace sidespan::upstream {

pool::connection::connection(pool& owner, const endpoint& where, std::unique_ptr<net::stream> stream,
                             std::chrono::milliseconds idle_timeout)
    : owner(owner),
      where(where),
      http(std::move(stream), owner.buffers_, owner.settings_.head, idle_timeout),
      expiry(owner.wheel_, &pool::on_expiry, this) {}

pool::pool(net::asio::io_context& loop, net::deadlines& wheel, wire::buffer_pool& buffers,
           const pool_settings& settings)
    : wheel_(wheel), buffers_(buffers), settings_(settings), connector_(loop, wheel) {}

pool::~pool() = default;

pool::lease& pool::lease::operator=(lease&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  held_ = std::move(other.held_);
  return *this;
}

void pool::lease::give_back() noexcept {
  if (held_.empty()) return;
  connections one = std::move(held_);
  held_.clear();
  if (one.front().http.reusable()) one.front().owner.put(std::move(one));
}

pool::lease pool::take_idle(const endpoint& where, const limits& limits) {
  const auto found = idle_.find(where);
  if (found == idle_.end()) return {};
  connections& idle = found->second;
  while (!idle.empty()) {
    connections one;
    one.splice(one.begin(), idle, idle.begin());
    --idle_total_;
    one.front().expiry.disarm();
    // RFC 9112 §9.3.1: the upstream may have closed it meanwhile; bytes that nobody asked for are never a response
    // (RS-8).
    if (!one.front().http.quiet()) continue;
    one.front().http.begin(limits.idle_timeout);
    return lease(std::move(one));
  }
  return {};
}

net::task<base::result<pool::lease>> pool::connect(const endpoint& where, limits limits) {
  auto stream = co_await connector_.connect(where.host, where.port, limits.connect_timeout);
  if (!stream) co_return stream.error();
  connections one;
  one.emplace_back(*this, where, std::move(*stream), limits.idle_timeout);
  one.front().http.begin(limits.idle_timeout);
  co_return lease(std::move(one));
}

void pool::put(connections one) noexcept {
  if (closing_ || settings_.idle_per_endpoint == 0) return;
  connection& back = one.front();
  const auto at = idle_.try_emplace(back.where).first;
  at->second.splice(at->second.begin(), one);
  back.http.stream().no_limit();
  back.expiry.arm(settings_.idle_timeout);
  ++idle_total_;
  if (at->second.size() > settings_.idle_per_endpoint) remove(at->second.back());
  if (idle_.size() > max_endpoints) forget_unused();
}

void pool::remove(connection& expired) noexcept {
  connections& idle = idle_.find(expired.where)->second;
  --idle_total_;
  idle.remove_if([&expired](const connection& each) { return &each == &expired; });
}

void pool::forget_unused() noexcept {
  std::erase_if(idle_, [](const auto& each) { return each.second.empty(); });
}

void pool::on_expiry(void* idle) noexcept {
  auto& expired = *static_cast<connection*>(idle);
  expired.owner.remove(expired);
}

void pool::close_idle() noexcept {
  closing_ = true;
  connector_.stop();
  idle_.clear();
  idle_total_ = 0;
}

}  // namespace sidespan::upstream

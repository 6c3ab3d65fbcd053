// SPDX-License-Identifier: Apache-2.0
#include "upstream/pool.hpp"

#include <algorithm>

#include "upstream/group.hpp"

namespace sidespan::upstream {

connection::connection(pool& owner, group& cluster, member& to, std::unique_ptr<net::stream> stream,
                       std::chrono::milliseconds idle_timeout)
    : owner(owner),
      cluster(cluster),
      to(to),
      http(std::move(stream), owner.buffers_, owner.settings_.head, idle_timeout),
      expiry(owner.wheel_, &pool::on_expiry, this) {
  if (owner.events_ != nullptr) owner.events_->upstream_connections(1);
}

connection::~connection() {
  if (owner.events_ != nullptr) owner.events_->upstream_connections(-1);
}

pool::pool(net::asio::io_context& loop, net::deadlines& wheel, wire::buffer_pool& buffers,
           const pool_settings& settings, net::resolver::ways how)
    : loop_(loop), wheel_(wheel), buffers_(buffers), settings_(settings), connector_(loop, wheel, how) {}

pool::~pool() = default;

// Leases

pool::lease::lease(std::unique_ptr<connection> held) noexcept : held_(std::move(held)) {
  ++held_->to.in_flight;
  ++held_->cluster.leased;
}

pool::lease& pool::lease::operator=(lease&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  held_ = std::move(other.held_);
  return *this;
}

std::unique_ptr<connection> pool::lease::end() noexcept {
  --held_->to.in_flight;
  --held_->cluster.leased;
  return std::move(held_);
}

void pool::lease::give_back() noexcept {
  if (!held_) return;
  pool& owner = held_->owner;
  owner.put(end());
}

void pool::lease::succeeded() noexcept {
  if (held_) held_->cluster.cluster.succeeded(held_->to);
}

void pool::lease::failed() noexcept {
  if (held_) held_->owner.note_failure(held_->cluster, held_->to);
}

void pool::lease::ended_unanswered() noexcept {
  if (held_) distrust(held_->to);
}

/// It may have closed them all.
void pool::distrust(member& at) noexcept {
  for (connection* each = at.idle.newest(); each != nullptr; each = each->older) each->trusted = false;
}

void pool::note_failure(group& of, member& at) noexcept {
  distrust(at);
  if (at.gone || !of.cluster.failed(at)) return;
  tell(of, event::ejected);
  const auto more = of.ejection_log.pass();
  if (!more) return;
  base::log(base::log_level::warn, "endpoint is left alone for a while: it failed several times in a row",
            {{"upstream", of.cluster.settings().name}, {"endpoint", at.name}, {"more", std::to_string(*more)}});
}

void pool::tell(const group& of, event what) noexcept {
  if (events_ != nullptr) events_->upstream_event(of.cluster.settings().name, what);
}

// Retries

pool::retry_permit::retry_permit(group* of) noexcept : of_(of), granted_(true) {
  if (of_ == nullptr) return;
  ++of_->retrying;
  ++of_->users;
}

pool::retry_permit::~retry_permit() {
  if (of_ == nullptr) return;
  --of_->retrying;
  --of_->users;
}

/// Repeating helps when a few requests fail; when many do it is load on those that are ill already.
pool::retry_permit pool::permit_retry(group& of, const retry_policy& by, bool reused) noexcept {
  const auto part = static_cast<std::size_t>(by.budget * static_cast<double>(of.leased));
  const bool allowed = reused || of.retrying < std::max<std::size_t>(by.always, part);
  tell(of, allowed ? event::retried : event::not_retried);
  if (!allowed) return {};
  return retry_permit(reused ? nullptr : &of);
}

// Clusters

group& pool::find(const cluster_settings& settings, const std::string& key) {
  if (last_ == nullptr || last_->first != key) {
    const auto known = clusters_.find(key);
    last_ = known != clusters_.end() ? &*known : &add(settings, key);
  }
  return *last_->second;
}

group& pool::find(const endpoint& where) {
  key_.assign("\n").append(where.host).append("\n").append(std::to_string(where.port));
  const auto known = clusters_.find(key_);
  if (known != clusters_.end()) return *known->second;
  cluster_settings one;
  one.name = where.host + ":" + std::to_string(where.port);
  one.endpoints.push_back(where);
  one.policy.eject_after = 0;  // there is no other one to turn to
  return *add(one, key_).second;
}

pool::clusters::value_type& pool::add(const cluster_settings& settings, const std::string& key) {
  if (clusters_.size() >= max_clusters) forget_unused();
  const auto seed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  auto made = std::make_unique<group>(*this, wheel_, settings, seed);
  return *clusters_.emplace(key, std::move(made)).first;
}

void pool::forget_unused() noexcept {
  last_ = nullptr;
  std::erase_if(clusters_, [](const auto& each) { return each.second->unused() && each.second->idle == 0; });
}

// Idle connections

pool::lease pool::take_idle(group& of, const limits& limits) {
  if (of.due && !closing_) look_up_all(of);
  member* at = pick(of, limits.avoid);
  if (at == nullptr) return {};
  lease found = idle_of(*at, limits);
  of.picked = found ? nullptr : at;
  return found;
}

pool::lease pool::idle_of(member& at, const limits& limits) {
  while (!at.idle.empty()) {
    std::unique_ptr<connection> one = at.idle.remove(*at.idle.newest());
    connection& found = *one;
    count_idle(-1);
    --found.cluster.idle;
    found.expiry.disarm();
    // RFC 9112 §9.3.1: the upstream may have closed it meanwhile; bytes that nobody asked for are never a response
    // (RS-8). What a request that can be repeated takes on trust costs nobody anything when it was in vain.
    const bool heard_of_nothing = limits.repeatable && found.trusted && found.http.undisturbed();
    if (heard_of_nothing || found.http.quiet()) {
      found.http.begin(limits.idle_timeout);
      return lease(std::move(one));
    }
    group& of = found.cluster;
    one.reset();
    closed(of);
  }
  return {};
}

void pool::put(std::unique_ptr<connection> one) noexcept {
  connection& back = *one;
  group& of = back.cluster;
  if (closing_ || back.to.gone || !back.http.reusable()) {
    const bool last = back.to.gone;
    one.reset();
    closed(of);
    if (last) drop_retired(of);
    return;
  }
  back.http.stream().no_limit();
  if (!of.waiting.empty()) {
    waiter& next = *of.waiting.front();
    of.waiting.pop_front();
    next.given = lease(std::move(one));
    return next.ready.set();
  }
  if (settings_.idle_per_endpoint == 0) {
    one.reset();
    return closed(of);
  }
  back.http.rest();
  back.trusted = back.http.served() >= connection::proven && !back.http.had_content();
  idle_connections& idle = back.to.idle;
  idle.add(std::move(one));
  back.expiry.arm(settings_.idle_timeout);
  count_idle(1);
  ++of.idle;
  if (idle.size() > settings_.idle_per_endpoint || open_ > most_open_) remove(idle.oldest());
}

}  // namespace sidespan::upstream

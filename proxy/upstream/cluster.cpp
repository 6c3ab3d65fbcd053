// SPDX-License-Identifier: Apache-2.0
#include "upstream/cluster.hpp"

#include <algorithm>
#include <functional>

namespace sidespan::upstream {
namespace {

constexpr std::size_t most_to_connect = 8;

bool is_v6(const member& at) noexcept { return at.where.address.address().is_v6(); }

std::string name_of(const net::destination& where) {
  if (!where.path.empty()) return where.path;
  const std::string host = where.address.address().to_string();
  const bool brackets = where.address.address().is_v6();
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(where.address.port());
}

std::unique_ptr<member> make_member(std::size_t origin, net::destination where) {
  auto one = std::make_unique<member>();
  one->name = name_of(where);
  one->where = std::move(where);
  one->origin = origin;
  return one;
}

}  // namespace

std::string key_of(const cluster_settings& settings) {
  const policy& by = settings.policy;
  std::string key = settings.name;
  for (const endpoint& each : settings.endpoints) key += "\n" + each.host + " " + std::to_string(each.port);
  for (const auto number :
       {static_cast<std::int64_t>(by.balance), static_cast<std::int64_t>(by.eject_after),
        static_cast<std::int64_t>(by.eject_on_5xx), static_cast<std::int64_t>(by.eject_time.count()),
        static_cast<std::int64_t>(by.eject_longest.count()), static_cast<std::int64_t>(by.dns_refresh.count()),
        static_cast<std::int64_t>(by.max_connections), static_cast<std::int64_t>(by.max_pending)}) {
    key += "\n" + std::to_string(number);
  }
  return key;
}

cluster::cluster(cluster_settings settings, std::uint64_t seed, clock now)
    : settings_(std::move(settings)), now_(now), random_(seed | 1) {
  for (std::size_t i = 0; i < settings_.endpoints.size(); ++i) {
    const endpoint& each = settings_.endpoints[i];
    net::error_code ec;
    const auto literal = net::asio::ip::make_address(each.host, ec);
    if (each.is_unix()) members_.push_back(make_member(i, {{}, each.host}));
    if (!ec) members_.push_back(make_member(i, {net::tcp_endpoint(literal, each.port), {}}));
  }
  reserve(members_.size());
  gather();
}

std::uint64_t cluster::random() noexcept {  // xorshift64: nobody must not be able to guess it
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_;
}

/// The less busy of two: nearly as good as the least busy of all, and never the same one for all shards at once.
member* cluster::draw(const std::vector<member*>& from) noexcept {
  if (from.size() == 1) return from.front();
  if (settings_.policy.balance == policy::balance::round_robin) return from[turn_++ % from.size()];
  const std::size_t one = random() % from.size();
  std::size_t two = random() % (from.size() - 1);
  if (two >= one) ++two;
  return from[one]->in_flight <= from[two]->in_flight ? from[one] : from[two];
}

bool cluster::fit(const member& at, const member* avoid, time now) const noexcept {
  return &at != avoid && !at.state.ejected(now);
}

member* cluster::pick(const member* avoid, bool& panic) noexcept {
  if (used_.size() <= 1) return used_.empty() ? nullptr : used_.front();
  if (ejected_until_ == time{} && avoid == nullptr) return draw(used_);
  const time now = now_();
  if (now >= ejected_until_) ejected_until_ = {};
  drawn_.clear();
  for (member* each : used_) {
    if (fit(*each, avoid, now)) drawn_.push_back(each);
  }
  if (!drawn_.empty()) return draw(drawn_);
  // All of them are ejected: they may be as ill as each other, and a request that is refused for sure helps nobody.
  panic = true;
  for (member* each : used_) {
    if (each != avoid) drawn_.push_back(each);
  }
  return draw(drawn_);
}

std::vector<member*> cluster::order(member& first) {
  std::vector<member*> out{&first};
  const time now = now_();
  const std::size_t start = used_.empty() ? 0 : random() % used_.size();
  for (std::size_t i = 0; i < used_.size(); ++i) {
    member* each = used_[(start + i) % used_.size()];
    if (fit(*each, &first, now)) out.push_back(each);
  }
  for (const auto& each : members_) {
    if (each->fallback && each.get() != &first) out.push_back(each.get());
  }
  if (out.size() > most_to_connect) out.resize(most_to_connect);
  return out;
}

bool cluster::failed(member& at) noexcept {
  if (settings_.policy.eject_after == 0 || used_.size() <= 1) return false;  // there is no other one to turn to
  if (!at.state.fault(now_(), settings_.policy)) return false;
  ejected_until_ = std::max(ejected_until_, at.state.until());
  return true;
}

void cluster::prefer_family_of(const member& at) noexcept {
  if (!at.fallback) return;
  for (const auto& each : members_) {
    if (each->origin == at.origin) each->fallback = is_v6(*each) != is_v6(at);
  }
  gather();
}

/// The family that is used stays when it still has an address.
void cluster::choose_family(std::size_t origin) noexcept {
  const member* first = nullptr;
  const member* used = nullptr;
  for (const auto& each : members_) {
    if (each->origin != origin) continue;
    if (first == nullptr) first = each.get();
    if (!each->fallback && used == nullptr) used = each.get();
  }
  if (used == nullptr) used = first;
  for (const auto& each : members_) {
    if (each->origin == origin) each->fallback = is_v6(*each) != is_v6(*used);
  }
}

/// What needs memory comes first: without it nothing has changed.
bool cluster::update(std::size_t origin, const net::addresses& found) {
  const std::uint16_t port = settings_.endpoints[origin].port;
  std::vector<net::destination> wanted;
  for (const auto& address : found) wanted.push_back({net::tcp_endpoint(address, port), {}});
  const auto stays = [&](const std::unique_ptr<member>& each) {
    return each->origin != origin || std::find(wanted.begin(), wanted.end(), each->where) != wanted.end();
  };
  std::vector<std::unique_ptr<member>> fresh;
  for (const net::destination& each : wanted) {
    const auto is_it = [&](const auto& m) { return m->origin == origin && m->where == each; };
    const bool known =
        std::any_of(members_.begin(), members_.end(), is_it) || std::any_of(fresh.begin(), fresh.end(), is_it);
    if (!known) fresh.push_back(make_member(origin, each));
  }
  const auto leaving = static_cast<std::size_t>(std::count_if(members_.begin(), members_.end(), std::not_fn(stays)));
  retired_.reserve(retired_.size() + leaving);
  reserve(members_.size() + fresh.size());
  const auto going = std::stable_partition(members_.begin(), members_.end(), stays);
  for (auto each = going; each != members_.end(); ++each) {
    (*each)->gone = true;
    retired_.push_back(std::move(*each));
  }
  members_.erase(going, members_.end());
  const bool had = std::any_of(members_.begin(), members_.end(), [&](const auto& m) { return m->origin == origin; });
  for (auto& each : fresh) {
    each->fallback = had;  // until the family is chosen
    members_.push_back(std::move(each));
  }
  choose_family(origin);
  gather();
  return leaving != 0 || !fresh.empty();
}

void cluster::reserve(std::size_t members) {
  members_.reserve(members);
  used_.reserve(members);
  drawn_.reserve(members);
}

/// In the room that was reserved.
void cluster::gather() noexcept {
  used_.clear();
  for (const auto& each : members_) {
    if (!each->fallback) used_.push_back(each.get());
  }
}

}  // namespace sidespan::upstream

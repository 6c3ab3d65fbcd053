// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <new>
#include <utility>

#include "net/spawn.hpp"
#include "upstream/group.hpp"
#include "upstream/pool.hpp"

// How a pool gets new connections: names, the limit of a cluster, connecting.

namespace sidespan::upstream {

using base::fault;
using base::fault_code;
using base::side;
using base::stage;
using std::chrono::milliseconds;

namespace {

/// A look-up may take this long in the background; requests that need it wait as long as they may connect.
constexpr milliseconds look_up_limit{30000};

fault limit_fault(const char* detail) {
  return {fault_code::connection_limit_reached, side::internal, stage::connect, detail};
}

std::vector<net::destination> destinations_of(const std::vector<member*>& places) {
  std::vector<net::destination> out;
  out.reserve(places.size());
  for (const member* each : places) out.push_back(each->where);
  return out;
}

bool lacks_descriptor(const fault& why) noexcept { return why.code() == fault_code::connection_limit_reached; }

/// An idle connection has one. A local port is lacking for one destination alone, and what is closed keeps its own for
/// a minute (TIME_WAIT).
bool lacks_descriptor(const net::connector::outcome& out) noexcept { return !out.stream && lacks_descriptor(out.why); }

/// For want of a descriptor or a local port, which says nothing of any endpoint.
bool is_ours(const net::connector::outcome& out) noexcept {
  return lacks_descriptor(out) || (!out.stream && out.why.code() == fault_code::local_ports_used_up);
}

/// Counts a coroutine that uses the group over its waits.
class user {
 public:
  explicit user(group& of) : of_(of) { ++of_.users; }
  ~user() { --of_.users; }
  user(const user&) = delete;
  user& operator=(const user&) = delete;

 private:
  group& of_;
};

/// Keeps members, should their addresses go meanwhile.
void hold(const std::vector<member*>& all) noexcept {
  for (member* each : all) ++each->in_flight;
}

void let_go(const std::vector<member*>& all) noexcept {
  for (member* each : all) --each->in_flight;
}

}  // namespace

// Names

void pool::on_refresh(void* of) noexcept { static_cast<group*>(of)->due = true; }

/// At most once per interval, and only while there are requests: an idle cluster asks nobody.
void pool::look_up_all(group& of) {
  const auto& endpoints = of.cluster.settings().endpoints;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    net::error_code ec;
    (void)net::asio::ip::make_address(endpoints[i].host, ec);
    if (!ec || endpoints[i].is_unix()) continue;
    net::spawn(loop_.get_executor(), look_up(of, i), "look up");
    ++of.looking_up;  // it begins later
    ++of.users;
  }
  of.due = false;
}

void pool::look_up_failed(group& of, const std::string& host) noexcept {
  tell(of, event::dns_failed);
  const auto more = of.look_up_log.pass();
  if (!more) return;
  base::log(base::log_level::warn, "a name cannot be looked up; the addresses before, if any, are kept",
            {{"upstream", of.cluster.settings().name}, {"name", host}, {"more", std::to_string(*more)}});
}

net::task<void> pool::look_up(group& of, std::size_t origin) {
  try {
    net::task<void> asked = ask_for(of, origin);
    co_await asked;
  } catch (const std::bad_alloc&) {
    of.why = limit_fault("no memory left");
  }
  --of.users;
  for (net::event* each : of.unresolved) each->set();
  if (--of.looking_up != 0) co_return;
  // A name that has no answer yet is asked for again by the next request.
  of.due = of.cluster.members().empty();
  if (!of.due) of.refresh.arm(of.cluster.settings().policy.dns_refresh);
}

net::task<void> pool::ask_for(group& of, std::size_t origin) {
  const std::string& host = of.cluster.settings().endpoints[origin].host;
  const auto found = co_await connector_.names().refresh(host, look_up_limit);
  if (!found) {
    of.why = found.error();
    look_up_failed(of, host);
  } else {
    of.picked = nullptr;
    const bool had = !of.cluster.members().empty();
    if (of.cluster.update(origin, *found) && had) tell(of, event::dns_changed);
    drop_retired(of);
  }
}

net::task<base::result<void>> pool::resolved(group& of, milliseconds limit) {
  base::result<void> done;
  const auto end = std::chrono::steady_clock::now() + limit;
  while (of.cluster.members().empty()) {
    if (closing_) co_return fault(fault_code::shutting_down, side::internal, stage::resolve, "shutting down");
    if (of.looking_up == 0) co_return of.why;
    const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      co_return fault(fault_code::dns_timeout, side::upstream, stage::resolve, "no answer in time");
    net::event changed(loop_.get_executor());
    of.unresolved.push_back(&changed);
    try {
      (void)co_await changed.wait_for(left);
    } catch (const std::bad_alloc&) {
      of.unresolved.remove(&changed);
      throw;
    }
    of.unresolved.remove(&changed);
  }
  co_return done;
}

/// Out of descriptors to ask with, that of an idle connection is taken; one is enough for all who wait.
net::task<base::result<void>> pool::resolved_with_files(group& of, std::chrono::steady_clock::time_point end) {
  auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
  auto found = co_await resolved(of, left);
  while (!found && lacks_descriptor(found.error()) && (of.looking_up != 0 || close_one_idle())) {
    if (of.looking_up == 0) look_up_all(of);
    left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
    found = co_await resolved(of, left);
  }
  co_return found;
}

// Connecting

net::task<base::result<pool::lease>> pool::connect(group& of, limits limits) {
  const user counted(of);
  member* first = std::exchange(of.picked, nullptr);
  if (of.due && !closing_) look_up_all(of);
  if (of.cluster.members().empty()) {
    const auto began = std::chrono::steady_clock::now();
    const auto end = began + limits.connect_timeout;
    const auto found = co_await resolved_with_files(of, end);
    if (limits.spent != nullptr) limits.spent->resolve = std::chrono::steady_clock::now() - began;
    if (!found) co_return found.error();
    const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
    limits.connect_timeout = std::max(left, milliseconds(1));
  }
  if (first == nullptr) first = pick(of, limits.avoid);
  if (of.full() && !make_room(of, *first, limits.fresh)) {
    auto waited = co_await wait_for_one(of, limits);
    co_return waited;
  }
  ++of.open;
  count_one_more();
  auto opened = co_await open_counted(of, limits, first);
  co_return opened;
}

member* pool::pick(group& of, const member* avoid) noexcept {
  bool panic = false;
  member* at = of.cluster.pick(avoid, panic);
  if (panic) tell(of, event::panic);
  return at;
}

net::task<base::result<pool::lease>> pool::wait_for_one(group& of, limits limits) {
  if (of.waiting.size() >= of.cluster.settings().policy.max_pending) {
    tell(of, event::refused);
    co_return limit_fault("too many requests wait for a connection");
  }
  tell(of, event::queued);
  waiter own(loop_.get_executor());
  of.waiting.push_back(&own);
  try {
    (void)co_await own.ready.wait_for(limits.connect_timeout);
  } catch (const std::bad_alloc&) {
    of.waiting.remove(&own);
    throw;
  }
  of.waiting.remove(&own);
  // The upstream may have closed it right behind its answer (RT-4).
  if (own.given && (limits.fresh || !own.given.held_->http.quiet())) {
    own.given.end().reset();
    own.may_open = true;  // in its place
  }
  if (own.given) {
    own.given.held_->http.begin(limits.idle_timeout);
    co_return std::move(own.given);
  }
  if (own.may_open) {
    auto opened = co_await open_counted(of, limits, pick(of, limits.avoid));
    co_return opened;
  }
  if (closing_) co_return fault(fault_code::shutting_down, side::internal, stage::connect, "shutting down");
  tell(of, event::refused);
  co_return limit_fault("no connection became free in time");
}

/// `of.open` counts this one already, and no more when it has failed.
net::task<base::result<pool::lease>> pool::open_counted(group& of, limits limits, member* first) {
  try {
    auto opened = co_await open(of, limits, first);
    if (!opened) closed(of);
    co_return opened;
  } catch (const std::bad_alloc&) {
    closed(of);
    throw;
  }
}

net::task<net::connector::outcome> pool::reach(const std::vector<member*>& places, std::chrono::milliseconds limit) {
  auto where = destinations_of(places);
  net::connector::outcome out = co_await connector_.connect_any(std::move(where), limit);
  while (lacks_descriptor(out) && close_one_idle()) {
    where = destinations_of(places);
    out = co_await connector_.connect_any(std::move(where), limit);
  }
  co_return out;
}

net::task<base::result<pool::lease>> pool::open(group& of, limits limits, member* first) {
  const auto places = of.cluster.order(*first);
  const auto began = std::chrono::steady_clock::now();
  net::connector::outcome out;
  hold(places);
  try {
    out = co_await reach(places, limits.connect_timeout);
  } catch (const std::bad_alloc&) {
    let_go(places);
    throw;
  }
  let_go(places);
  if (limits.spent != nullptr) limits.spent->connect = std::chrono::steady_clock::now() - began;
  for (const std::size_t index : out.failed) {
    if (!is_ours(out)) note_failure(of, *places[index]);
  }
  if (!out.stream) {
    drop_retired(of);
    co_return out.why;
  }
  member& to = *places[out.winner];
  of.cluster.prefer_family_of(to);
  auto one = std::make_unique<connection>(*this, of, to, std::move(out.stream), limits.idle_timeout);
  one->http.begin(limits.idle_timeout);
  co_return lease(std::move(one));
}

net::task<base::result<std::unique_ptr<net::stream>>> pool::connect_raw(const endpoint& where, milliseconds limit,
                                                                        net::opening* spent) {
  const std::string host = where.host;
  const std::uint16_t port = where.port;
  auto made = co_await connector_.connect(host, port, limit, spent);
  while (!made && lacks_descriptor(made.error()) && close_one_idle()) {
    made = co_await connector_.connect(host, port, limit, spent);
  }
  co_return made;
}

}  // namespace sidespan::upstream

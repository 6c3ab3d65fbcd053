// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.hpp"

#include <netdb.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <thread>

namespace sidespan::net {

using base::fault;
using base::fault_code;
using base::side;
using base::stage;

namespace {

fault not_found() noexcept { return {fault_code::dns_error, side::upstream, stage::resolve, "name not found"}; }

fault too_late(const char* detail) noexcept {
  return {fault_code::dns_timeout, side::upstream, stage::resolve, detail};
}

fault too_many() noexcept {
  return {fault_code::destination_unavailable, side::internal, stage::resolve, "too many names wait to be looked up"};
}

}  // namespace

base::result<addresses> look_up_name(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  errno = 0;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &list) != 0) {
    // EAI_SYSTEM or EAI_NONAME: what it could not open is a source that it has not asked.
    if (errno != EMFILE && errno != ENFILE) return addresses();
    return fault(fault_code::connection_limit_reached, side::internal, stage::resolve, "out of file descriptors");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  addresses found;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    tcp_endpoint place;
    if (each->ai_addrlen > place.capacity()) continue;
    std::copy_n(reinterpret_cast<const char*>(each->ai_addr), each->ai_addrlen, reinterpret_cast<char*>(place.data()));
    if (std::find(found.begin(), found.end(), place.address()) == found.end()) found.push_back(place.address());
  }
  return found;
}

/// Threads that block in the place of the shard. They are never joined, because a look-up may hang for as long as the
/// system's resolver likes: they own this together with the resolver, and forget it when it goes.
struct resolver::workers : std::enable_shared_from_this<workers> {
  workers(resolver& owner, look_up how) : owner(&owner), how(how) {}

  /// False: too many wait.
  bool add(const std::string& host) {
    const std::lock_guard lock(mutex);
    if (jobs.size() >= most_waiting) return false;
    jobs.push_back(host);
    if (idle >= jobs.size()) more.notify_one();
    if (idle < jobs.size() && threads < usual_threads) start();
    return true;
  }

  /// Nobody has been asked for it yet.
  bool waits(const std::string& host) noexcept {
    const std::lock_guard lock(mutex);
    return std::find(jobs.begin(), jobs.end(), host) != jobs.end();
  }

  /// Somebody has waited long.
  void relieve() noexcept {
    const std::lock_guard lock(mutex);
    if (!jobs.empty() && idle == 0 && threads < most_threads) start();
  }

  /// False: it is being looked up, and cannot be stopped.
  bool forget(const std::string& host) noexcept {
    const std::lock_guard lock(mutex);
    return std::erase(jobs, host) != 0;
  }

  void start() noexcept {
    try {
      std::thread([self = shared_from_this()] { self->run(); }).detach();
      ++threads;
    } catch (const std::exception&) {
      // Neither threads nor memory: the name waits for a thread that there is, or its waiters run out of time.
    }
  }

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      more.wait(lock, [this] { return owner == nullptr || !jobs.empty(); });
      --idle;
      if (owner == nullptr) return;
      const std::string host = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      base::result<addresses> found = how(host);
      lock.lock();
      if (owner == nullptr) return;
      const bool surplus = threads > usual_threads && jobs.empty();
      // An exception would end the loop: finish() needs no memory, so nothing is copied here.
      asio::post(owner->loop_, [self = shared_from_this(), host, found = std::move(found)]() mutable {
        if (self->owner != nullptr) self->owner->finish(host, std::move(found));
      });
      if (!surplus) continue;
      --threads;
      return;
    }
  }

  std::mutex mutex;
  std::condition_variable more;
  resolver* owner;  // null when it has gone
  const look_up how;
  std::deque<std::string> jobs;
  std::size_t idle = 0;
  std::size_t threads = 0;
};

resolver::resolver(asio::io_context& loop, ways how)
    : loop_(loop), ways_(how), workers_(std::make_shared<workers>(*this, how.ask)) {}

resolver::~resolver() {
  const std::lock_guard lock(workers_->mutex);
  workers_->owner = nullptr;
  workers_->more.notify_all();
}

void resolver::stop() noexcept {
  stopped_ = true;
  for (auto& [host, known] : cache_) {
    known.running.reset();
    for (event* waiter : known.waiting) waiter->set();
  }
}

resolver::entry& resolver::begin(const std::string& host) {
  if (cache_.size() >= max_entries) {
    // Not the one that is asked for again: resolve() answers with what was known of it.
    std::erase_if(cache_, [&host](const auto& item) {
      return !item.second.running && item.second.waiting.empty() && item.first != host;
    });
  }
  entry& known = cache_[host];
  if (known.running) return known;
  if (workers_->add(host)) known.running.emplace(loop_.get_executor());
  return known;
}

/// False: not in time.
task<bool> resolver::told(event& answer, std::chrono::milliseconds limit) {
  bool in_time = false;
  while (true) {
    const std::chrono::milliseconds turn = std::min(limit, ways_.patience);
    in_time = co_await answer.wait_for(turn);
    limit -= turn;
    if (in_time || limit.count() <= 0) break;
    workers_->relieve();
  }
  co_return in_time;
}

task<base::result<void>> resolver::answered(std::string host, std::chrono::milliseconds limit) {
  event answer(loop_.get_executor());
  entry& known = cache_[host];  // stays while somebody waits for it
  known.waiting.push_back(&answer);
  bool in_time = false;
  try {
    in_time = co_await told(answer, limit);
  } catch (const std::bad_alloc&) {
    known.waiting.remove(&answer);
    throw;
  }
  known.waiting.remove(&answer);
  base::result<void> done;
  if (!in_time) {
    done = too_late(workers_->waits(host) ? "never asked for: names without an answer hold up the look-ups"
                                          : "no answer in time");
  }
  // In the queue it would only be in the way of names that somebody waits for.
  if (!in_time && known.waiting.empty() && workers_->forget(host)) known.running.reset();
  co_return done;
}

task<base::result<addresses>> resolver::resolve(std::string host, std::chrono::milliseconds limit) {
  error_code ec;
  const asio::ip::address literal = asio::ip::make_address(host, ec);
  if (!ec) {
    addresses one(1, literal);
    co_return one;
  }
  if (stopped_) co_return fault(fault_code::shutting_down, side::internal, stage::resolve, "shutting down");
  const auto known = cache_.find(host);
  if (known != cache_.end() && !known->second.found.empty()) {
    // A stale answer serves while the new one is fetched: a DNS outage must not become an outage of the traffic.
    if (known->second.fresh_until <= ways_.now()) begin(host);
    co_return known->second.found;
  }
  const auto again = co_await refresh(host, limit);
  co_return again;
}

task<base::result<addresses>> resolver::refresh(std::string host, std::chrono::milliseconds limit) {
  if (stopped_) co_return fault(fault_code::shutting_down, side::internal, stage::resolve, "shutting down");
  const auto known = cache_.find(host);
  const bool refused = known != cache_.end() && known->second.failed && known->second.fresh_until > ways_.now();
  if (!refused) {
    if (!begin(host).running) co_return too_many();
    const auto in_time = co_await answered(host, limit);
    if (!in_time) co_return in_time.error();
  }
  const entry& now = cache_[host];
  if (now.failed) co_return now.why;
  if (now.found.empty()) co_return not_found();
  co_return now.found;
}

void resolver::finish(const std::string& host, base::result<addresses> found) noexcept {
  const auto place = cache_.find(host);
  if (place == cache_.end()) return;
  entry& known = place->second;
  known.running.reset();
  known.failed = !found || found->empty();
  known.why = found ? not_found() : found.error();
  known.fresh_until = ways_.now() + (known.failed ? std::chrono::seconds(1) : keep);
  if (!found) known.fresh_until = ways_.now();  // says nothing of the name
  if (!known.failed) known.found = std::move(*found);
  for (event* waiter : known.waiting) waiter->set();
}

}  // namespace sidespan::net

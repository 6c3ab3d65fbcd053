// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.hpp"

#include <algorithm>

#include "net/spawn.hpp"

namespace sidespan::net {

using base::fault;
using base::fault_code;
using std::chrono::steady_clock;

resolver::resolver(asio::io_context& loop) : loop_(loop), resolver_(loop.get_executor()) {}

void resolver::stop() noexcept {
  stopped_ = true;
  resolver_.cancel();
  for (auto& [host, known] : cache_) {
    for (event* waiter : known.waiting) waiter->set();
  }
}

task<base::result<std::vector<asio::ip::address>>> resolver::resolve(std::string host,
                                                                     std::chrono::milliseconds limit) {
  error_code ec;
  const asio::ip::address literal = asio::ip::make_address(host, ec);
  if (!ec) {
    addresses one(1, literal);
    co_return one;
  }
  if (stopped_) co_return fault(fault_code::shutting_down, base::side::internal, base::stage::resolve, "shutting down");
  if (cache_.size() >= max_entries) {
    std::erase_if(cache_, [](const auto& item) { return !item.second.running && item.second.waiting.empty(); });
  }
  entry* known = &cache_[host];
  if (!known->running && known->fresh_until <= steady_clock::now()) {
    known->running = true;
    spawn(loop_.get_executor(), look_up(host), "resolve");
  }
  // A stale answer serves while the new one is fetched: a DNS outage must not become an outage of the traffic.
  if (!known->found.empty()) co_return known->found;

  event answered(loop_.get_executor());
  known->waiting.push_back(&answered);
  const bool in_time = co_await answered.wait_for(limit);
  known = &cache_[host];
  known->waiting.remove(&answered);
  if (!in_time)
    co_return fault(fault_code::dns_timeout, base::side::upstream, base::stage::resolve, "no answer in time");
  if (known->found.empty())
    co_return fault(fault_code::dns_error, base::side::upstream, base::stage::resolve, "name not found");
  co_return known->found;
}

task<void> resolver::look_up(std::string host) {
  error_code ec;
  const auto results = co_await resolver_.async_resolve(host, "", into(ec));
  entry& known = cache_[host];
  known.running = false;
  known.fresh_until = steady_clock::now() + (ec ? std::chrono::seconds(1) : keep);
  if (!ec) {
    known.found.clear();
    for (const auto& result : results) {
      const auto address = result.endpoint().address();
      if (std::find(known.found.begin(), known.found.end(), address) == known.found.end())
        known.found.push_back(address);
    }
  }
  for (event* waiter : known.waiting) waiter->set();
}

}  // namespace sidespan::net

// SPDX-License-Identifier: Apache-2.0
//
// Upstream connections of one shard (stage pick): idle ones by endpoint, newest first, new ones when there is none, and
// a queue when a cluster may have no more. A lease returns its connection when destroyed: to the idle ones when it can
// serve again, else it is closed. A shard's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "net/connector.hpp"
#include "upstream/cluster.hpp"
#include "upstream/connection.hpp"
#include "upstream/events.hpp"
#include "upstream/settings.hpp"

namespace sidespan::upstream {

struct pool_settings {
  http1::head_limits head;
  /// Most idle connections per endpoint.
  std::size_t idle_per_endpoint = 1024;
  /// An idle connection is closed after this long; shorter than what applications usually keep, so that they rarely
  /// close first.
  std::chrono::milliseconds idle_timeout{30000};
};

class pool {
 public:
  pool(net::asio::io_context& loop, net::deadlines& wheel, wire::buffer_pool& buffers, const pool_settings& settings,
       net::resolver::ways how = {});
  ~pool();
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  class lease {
   public:
    lease() = default;
    lease(lease&&) noexcept = default;
    lease& operator=(lease&& other) noexcept;
    ~lease() { give_back(); }

    explicit operator bool() const noexcept { return held_ != nullptr; }
    wire::client_exchange& exchange() noexcept { return held_->http; }
    /// What the exchange says about the endpoint; neither is said when it says nothing.
    void succeeded() noexcept;
    void failed() noexcept;
    /// A connection that had served before ended without an answer: it was closed while it idled, or others of it are.
    /// That is no fault of the endpoint, but what idles there is asked before it is used.
    void ended_unanswered() noexcept;
    /// Only to be compared, and as what another pick is to avoid.
    const member* endpoint() const noexcept { return held_ ? &held_->to : nullptr; }
    /// `10.0.0.7:5432`, or the path of a unix socket. Only while leased.
    const std::string& endpoint_name() const noexcept { return held_->to.name; }
    /// Ends the lease; an exchange that is not complete costs its connection.
    void give_back() noexcept;

   private:
    friend class pool;
    explicit lease(std::unique_ptr<connection> held) noexcept;
    std::unique_ptr<connection> end() noexcept;
    std::unique_ptr<connection> held_;
  };

  struct limits {
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds idle_timeout{60000};
    /// Another endpoint than this one, when there is one.
    const member* avoid = nullptr;
    /// A request that can be repeated takes an idle connection by what the loop has heard of it; for any other the
    /// kernel is asked whether it is still good.
    bool repeatable = false;
    net::opening* spent = nullptr;  // connect() tells here how long it took; outlives the wait
    /// Only a new connection will do, not one that comes back while this waits.
    bool fresh = false;
  };

  /// Leave to repeat one request, held while that is in flight.
  class retry_permit {
   public:
    retry_permit() = default;
    retry_permit(retry_permit&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), granted_(std::exchange(other.granted_, false)) {}
    retry_permit& operator=(retry_permit&& other) noexcept {
      std::swap(of_, other.of_);
      std::swap(granted_, other.granted_);
      return *this;
    }
    ~retry_permit();
    explicit operator bool() const noexcept { return granted_; }

   private:
    friend class pool;
    explicit retry_permit(group* of) noexcept;
    group* of_ = nullptr;  // whose budget it counts against; null: nobody's
    bool granted_ = false;
  };
  /// `reused`: the connection that ended without an answer had served before. Every such retry costs a connection that
  /// has answered a request, so there are never more of them than answers: they need no budget and count against none.
  /// False: the budget is used up.
  retry_permit permit_retry(group& of, const retry_policy& by, bool reused) noexcept;

  /// The runtime of a cluster; lives until the next wait of the caller at least.
  group& find(const cluster_settings& settings, const std::string& key);
  /// A cluster of one endpoint, by what a request names.
  group& find(const endpoint& where);

  /// An idle connection to the endpoint whose turn it is, without waiting; empty when there is none.
  lease take_idle(group& of, const limits& limits);
  lease take_idle(const endpoint& where, const limits& limits) { return take_idle(find(where), limits); }
  /// A new connection, or one that comes back meanwhile when there may be no more. Faults of
  /// net::connector::connect, and connection_limit_reached.
  net::task<base::result<lease>> connect(group& of, limits limits);
  net::task<base::result<lease>> connect(const endpoint& where, limits limits) { return connect(find(where), limits); }

  /// A new connection that no exchange will use, for CONNECT: to what a request names, outside of all clusters. Faults
  /// as connect().
  net::task<base::result<std::unique_ptr<net::stream>>> connect_raw(const endpoint& where,
                                                                    std::chrono::milliseconds limit,
                                                                    net::opening* spent = nullptr);

  /// From the next connection on.
  void configure(const pool_settings& settings) { settings_ = settings; }
  /// Closes the connection that has idled longest, of whatever cluster: its descriptor is needed. False: none idles.
  bool close_one_idle() noexcept;
  /// Of all clusters together no more than `most` are open from now on; beyond that none idles.
  void keep_open(std::size_t most) noexcept;
  /// Any thread.
  std::size_t idle_count() const noexcept { return idle_total_.load(std::memory_order_relaxed); }
  /// Where events go; null: nowhere.
  void tell(events* to) noexcept { events_ = to; }
  void tell(const group& of, event what) noexcept;
  /// Closes idle connections and keeps no more; leases in use are closed when they come back.
  void close_idle() noexcept;

 private:
  friend struct connection;
  friend struct group;
  friend class raw_place;
  struct waiter;
  using clusters = std::unordered_map<std::string, std::unique_ptr<group>>;

  clusters::value_type& add(const cluster_settings& settings, const std::string& key);
  void count_idle(int change) noexcept {
    idle_total_.store(idle_count() + static_cast<std::size_t>(change), std::memory_order_relaxed);
  }
  void count_one_more() noexcept;
  void make_way() noexcept;
  void forget_unused() noexcept;
  lease idle_of(member& at, const limits& limits);

  net::task<base::result<void>> resolved(group& of, std::chrono::milliseconds limit);
  net::task<base::result<void>> resolved_with_files(group& of, std::chrono::steady_clock::time_point end);
  void look_up_all(group& of);
  void look_up_failed(group& of, const std::string& host) noexcept;
  net::task<void> look_up(group& of, std::size_t origin);
  net::task<void> ask_for(group& of, std::size_t origin);

  net::task<base::result<lease>> wait_for_one(group& of, limits limits);
  net::task<base::result<lease>> open_counted(group& of, limits limits, member* first);
  net::task<base::result<lease>> open(group& of, limits limits, member* first);
  net::task<net::connector::outcome> reach(const std::vector<member*>& places, std::chrono::milliseconds limit);
  member* pick(group& of, const member* avoid) noexcept;
  bool make_room(group& of, const member& for_one, bool fresh) noexcept;

  static void distrust(member& at) noexcept;
  void note_failure(group& of, member& at) noexcept;
  void put(std::unique_ptr<connection> one) noexcept;
  void closed(group& of) noexcept;
  void remove(connection& expired) noexcept;
  void drop_retired(group& of) noexcept;
  static void on_expiry(void* idle) noexcept;
  static void on_refresh(void* of) noexcept;

  static constexpr std::size_t max_clusters = 1024;  // a forward proxy meets any number

  net::asio::io_context& loop_;
  net::deadlines& wheel_;
  wire::buffer_pool& buffers_;
  pool_settings settings_;
  std::size_t most_open_ = std::numeric_limits<std::size_t>::max();
  std::size_t open_ = 0;  // of all clusters, on their way, leased and idle
  net::connector connector_;
  clusters clusters_;
  clusters::value_type* last_ = nullptr;    // found last: most shards have few
  std::string key_;                         // of the last find(), kept for its memory
  std::atomic<std::size_t> idle_total_{0};  // one writer
  events* events_ = nullptr;
  bool closing_ = false;
};

}  // namespace sidespan::upstream

// SPDX-License-Identifier: Apache-2.0
//
// THE LIFE OF A REQUEST: extract, route, correlate, start, pick, inject, forward, finish; one function per stage, in
// the order of docs/architecture.md. One object per exchange, on a shard's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "correlate/ladder.hpp"
#include "correlate/ledger.hpp"
#include "forward/leg.hpp"
#include "forward/limit.hpp"
#include "forward/relay.hpp"
#include "forward/shard.hpp"
#include "forward/tunnel.hpp"
#include "http/target.hpp"
#include "trace/http_attributes.hpp"
#include "trace/live_span.hpp"

namespace sidespan::forward {

class exchange final : private relay_hooks {
 public:
  /// `recurring` and `pulse` belong to the connection that `down` is of.
  exchange(shard& on, const door& at, wire::server_exchange& down, trace::recurring& recurring, net::deadline& pulse);
  ~exchange();
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  /// Returns when the response has been sent or given up; whether the connection may go on is the server_exchange's to
  /// say.
  net::task<void> run();
  /// The request could not be parsed, or expects what cannot be met: answers it and leaves a span that says so.
  net::task<void> refuse(base::fault why);
  /// Ends the attempt under way, at shutdown.
  void cut() noexcept;
  /// `pulse` has expired.
  void pulse() noexcept;

 private:
  using outcome = std::optional<base::fault>;

  // The stages, in order.
  outcome read_target();
  outcome find_rule();
  outcome admit();
  void extract();
  void correlate();
  void start();
  outcome prepare();
  net::task<outcome> attempt(bool fresh);
  net::task<base::result<upstream::pool::lease>> connect(upstream::group& cluster, upstream::pool::limits limits);
  void tell_health(upstream::pool::lease& lease, const outcome& failed) noexcept;
  std::chrono::milliseconds connect_limit() const noexcept;
  void inject();
  void finish_attempt(const outcome& fault);
  void tell_phases();
  net::task<void> answer(base::fault fault);
  net::task<void> answer_options();

  /// CONNECT in place of attempt(): connects, answers, and is a tunnel from then on.
  net::task<outcome> connect_through();
  net::task<base::result<std::unique_ptr<net::stream>>> connect_raw();
  net::task<base::result<void>> accept_connect();
  /// Before the head that announces it is written.
  void count_tunnel(tunnel_kind kind);
  /// What follows a 101 or the 2xx to a CONNECT; the span lasts as long (decision 13).
  net::task<void> run_tunnel(wire::raw_connection up, tunnel_kind kind);
  void finish_tunnel(tunnel_kind kind, const tunnel_outcome& out, base::nanoseconds duration);

  base::result<void> on_response(http::response_head& head) override;
  base::result<void> on_switch(http::response_head& head) override;
  void on_response_complete() noexcept override;

  bool traced() const noexcept { return !excluded_; }
  void publish();
  std::string_view request_id();
  void begin_span();
  void tell_parent();
  std::string_view scheme() const noexcept;
  trace::request_facts facts() const noexcept;
  bool expects_continue() const noexcept;
  bool is_own_port(std::uint16_t port) const noexcept;
  bool names_own_port() const;
  base::fault own_port_refused() const noexcept;
  upstream::group& cluster();
  kept_body* keep_body() noexcept;
  bool idempotent() const noexcept;
  bool may_be_repeated() const noexcept;
  std::uint32_t most_retries() const noexcept;
  bool may_retry(const base::fault& fault) const noexcept;
  void add_response_field(http::response_head& head);
  void arm_pulse(std::chrono::milliseconds spent) noexcept;
  void time_out() noexcept;
  outcome explain_failure(outcome failed) const noexcept;
  std::string explain(const base::fault& fault) const;

  shard& shard_;
  const door& door_;
  const held_snapshot configured_;  // what it began with is what it ends with
  const leg& leg_;
  wire::server_exchange& down_;
  trace::recurring& recurring_;
  base::steady_time began_;
  claim place_;          // among the requests of its listener
  open_tunnel counted_;  // to the very end, after the span

  // read_target
  http::target_parts target_;
  http::authority_parts host_;
  std::string_view host_field_;
  http::authority_parts server_;  // what attributes call the server
  // find_rule
  const route::rule_settings* rule_ = nullptr;
  std::string_view route_;
  std::string_view cluster_name_;
  const upstream::endpoint* endpoint_ = nullptr;
  upstream::endpoint named_;           // by the request, in a forward proxy
  std::string_view upstream_address_;  // of several endpoints the one that was used
  std::string_view authority_;
  bool excluded_ = false;
  bool trusted_;  // the caller is no stranger
  // prepare
  std::string_view upgrade_;     // protocols that are offered to the upstream
  bool last_recipient_ = false;  // Max-Forwards is used up
  // extract, correlate
  std::optional<trace::context> forwarded_;
  std::optional<correlate::verdict> verdict_;
  std::optional<trace::context> parent_;
  correlate::ledger::entry entry_;
  // start
  std::optional<trace::live_span> span_;
  std::optional<trace::context> last_context_;  // of the last attempt, for the log
  // attempts
  wire::client_exchange* up_ = nullptr;
  std::uint32_t attempts_ = 0;
  net::opening opened_;  // of this attempt's connection, when it is a new one
  bool attempt_untouched_ = true;
  kept_body kept_;
  const upstream::member* failed_at_ = nullptr;  // only to be avoided by the next attempt
  bool attempt_reused_ = false;
  net::deadline& pulse_;
  std::chrono::milliseconds limit_{0};  // of the whole exchange; 0: none
  bool timed_out_ = false;
  bool downstream_gone_ = false;
  bool cut_ = false;
  relay_outcome moved_;
  base::nanoseconds response_after_{-1};
  std::string_view protocol_;  // that the upstream switched to
  tunnel* tunnel_ = nullptr;
  int status_ = 0;
  base::fault_code fault_ = base::fault_code::none;
};

}  // namespace sidespan::forward

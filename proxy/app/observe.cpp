// SPDX-License-Identifier: Apache-2.0
#include "app/observe.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sidespan::app {

void observe::exchange_started(bool inbound) noexcept {
  if (inbound) {
    registry_.server_active(1);
  } else {
    registry_.client_active(1);
  }
}

void observe::exchange_finished(const forward::finished_exchange& what) noexcept {
  // SC-13: whatever a stranger writes as a method must not become a series.
  const bool known = std::find(known_methods_.begin(), known_methods_.end(), what.method) != known_methods_.end();
  std::array<char, 12> digits;
  metrics::request_labels labels;
  labels.method = known ? what.method : "_OTHER";
  labels.status = what.status;
  labels.route = what.route;
  // SC-16, decision 11: the same value as on the span.
  const int first_error = what.inbound ? 500 : 400;
  // A caller that left is no error (decision 12), but it does not undo the one before it.
  const bool faulted = what.fault != base::fault_code::none && what.fault != base::fault_code::downstream_closed;
  if (faulted && !(what.inbound && what.status >= 400 && what.status < 500)) {
    labels.error_type = base::token(what.fault);
  } else if (!faulted && what.status >= first_error) {
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), what.status).ptr;
    labels.error_type = {digits.data(), static_cast<std::size_t>(end - digits.data())};
  }
  if (what.inbound) {
    registry_.server_request(labels, what.duration);
  } else {
    labels.server_address = what.server;
    registry_.client_request(labels, what.duration);
  }
  if (access_log_ != nullptr) access_log_->put(shard_, line_->write(what, clock_.wall()));
  // The last of all: when nothing is in flight, everything has been counted.
  if (what.inbound) {
    registry_.server_active(-1);
  } else {
    registry_.client_active(-1);
  }
}

void observe::tunnel_finished(const forward::finished_tunnel& what) noexcept {
  const std::string_view leg = what.inbound ? "inbound" : "outbound";
  registry_.tunnel_finished(leg, forward::name(what.kind), forward::name(what.end));
  registry_.tunnel_bytes(leg, "up", what.bytes_up);
  registry_.tunnel_bytes(leg, "down", what.bytes_down);
  // The line of any other tunnel is that of its exchange.
  if (access_log_ == nullptr || what.kind != forward::tunnel_kind::tcp) return;
  access_log_->put(shard_, line_->write(what, clock_.wall()));
}

void observe::connection_accepted(bool inbound) noexcept {
  registry_.connection_accepted(inbound ? metrics::leg::inbound : metrics::leg::outbound);
  registry_.connections_open(metrics::side::downstream, 1);
}

void observe::connection_closed(bool) noexcept { registry_.connections_open(metrics::side::downstream, -1); }

void observe::log_to(access_log* where, std::size_t shard, access_line_settings how) {
  access_log_ = where;
  shard_ = shard;
  line_.reset();
  if (where != nullptr) line_.emplace(std::move(how));
}

}  // namespace sidespan::app

// SPDX-License-Identifier: Apache-2.0
#include "app/observe.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/log.hpp"

namespace sidespan::app {

void observe::exchange_started(bool inbound) noexcept {
  if (inbound) registry_.server_active(1);
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
    registry_.server_active(-1);
    registry_.server_request(labels, what.duration);
  } else {
    labels.server_address = what.server;
    registry_.client_request(labels, what.duration);
  }
  if (access_log_) write_access_log(what);
}

void observe::connection_accepted(bool inbound) noexcept {
  registry_.connection_accepted(inbound ? metrics::leg::inbound : metrics::leg::outbound);
  registry_.connections_open(metrics::side::downstream, 1);
}

void observe::connection_closed(bool) noexcept { registry_.connections_open(metrics::side::downstream, -1); }

void observe::write_access_log(const forward::finished_exchange& what) const {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(what.duration).count();
  const std::string trace = what.context != nullptr ? what.context->trace.hex() : std::string();
  const std::string span = what.context != nullptr ? what.context->span.hex() : std::string();
  base::log(base::log_level::info, "exchange",
            {{"leg", what.inbound ? "inbound" : "outbound"},
             {"listener", std::string(what.listener)},
             {"method", std::string(what.method)},
             {"target", std::string(what.target)},
             {"route", std::string(what.route)},
             {"status", std::to_string(what.status)},
             {"fault", what.fault == base::fault_code::none ? std::string() : std::string(base::token(what.fault))},
             {"duration_us", std::to_string(microseconds)},
             {"request_bytes", std::to_string(what.request_bytes)},
             {"response_bytes", std::to_string(what.response_bytes)},
             {"peer", std::string(what.peer)},
             {"trace_id", trace},
             {"span_id", span}});
}

}  // namespace sidespan::app

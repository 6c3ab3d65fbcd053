// SPDX-License-Identifier: Apache-2.0
//
// The responses that sidespan makes itself: fault → status in one table (specs §7.7), and a body that says in one line
// what was wrong and who says so. A shard's thread.
#pragma once

#include <string>
#include <string_view>

#include "base/fault.hpp"
#include "net/task.hpp"
#include "wire/exchange.hpp"

namespace sidespan::forward {

/// 0: nothing can be sent (the downstream is gone).
int status_for(const base::fault& fault) noexcept;

/// The connection cannot go on after this fault: where the next request begins is not known, or must not be trusted.
bool closes_connection(const base::fault& fault) noexcept;

/// Answers with status_for(fault). `explanation` goes into the body after the fault's own words; may be empty.
net::task<base::result<void>> reply(wire::server_exchange& down, base::fault fault, std::string explanation);

/// The answer to an OPTIONS request that may go no further (RFC 9110 §7.6.2).
net::task<base::result<void>> reply_to_options(wire::server_exchange& down);

}  // namespace sidespan::forward

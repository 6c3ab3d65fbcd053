// SPDX-License-Identifier: Apache-2.0
//
// Max-Forwards (RFC 9110 §7.6.2): how many more proxies a request may pass. Used by forward before a request goes on;
// pure, any thread.
#pragma once

#include "base/arena.hpp"
#include "base/result.hpp"
#include "http/head.hpp"

namespace sidespan::http {

/// Counts the field of an OPTIONS request down by one; the new text lives in `arena`. False: it was 0, so the request
/// ends here and is to be answered. Other methods keep theirs unread. More than one line, or anything but a decimal
/// number, is http_request_error (H1-8).
base::result<bool> count_down_forwards(request_head& head, base::arena& arena);

}  // namespace sidespan::http

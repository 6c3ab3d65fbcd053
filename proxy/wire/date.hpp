// SPDX-License-Identifier: Apache-2.0
//
// The value of a Date field (RFC 9110 §5.6.7) for responses that lack one. Formatted once a second per thread.
#pragma once

#include <string_view>

namespace sidespan::wire {

/// "Sun, 06 Nov 1994 08:49:37 GMT"; valid until this thread's next call.
std::string_view imf_fixdate_now();

}  // namespace sidespan::wire

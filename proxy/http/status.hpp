// SPDX-License-Identifier: Apache-2.0
//
// Reason phrases for the responses that sidespan makes itself. Pure, any thread.
#pragma once

#include <string_view>

namespace sidespan::http {

/// "Bad Gateway" for 502; "Unknown" for codes outside the registry.
std::string_view reason_phrase(int status) noexcept;

}  // namespace sidespan::http

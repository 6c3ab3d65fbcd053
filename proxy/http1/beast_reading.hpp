// SPDX-License-Identifier: Apache-2.0
//
// The second reading of a head, by Beast's basic_parser: an independent implementation that must come to the same start
// line, fields and framing as our strict pass (decision 4). Used by the head decoders of this folder; one thread.
#pragma once

#include <string_view>

#include "http/head.hpp"
#include "http1/framing.hpp"

namespace sidespan::http1 {

/// `head` is the whole head with its final empty line, without leading ones. False on any disagreement.
bool beast_agrees(std::string_view head, const http::request_head& ours, const declared_framing& framing);
bool beast_agrees(std::string_view head, const http::response_head& ours, const declared_framing& framing);

}  // namespace sidespan::http1

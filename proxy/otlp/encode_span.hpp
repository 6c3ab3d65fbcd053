// SPDX-License-Identifier: Apache-2.0
//
// One record as a Span message. Used by encode; pure. Size and writing go through the same fields in the same order.
#pragma once

#include <cstddef>

#include "otlp/wire.hpp"
#include "trace/record.hpp"

namespace sidespan::otlp {

/// Without the tag and length in front.
std::size_t span_size(const trace::record& record) noexcept;
void write_span(const trace::record& record, wire::writer& to) noexcept;

}  // namespace sidespan::otlp

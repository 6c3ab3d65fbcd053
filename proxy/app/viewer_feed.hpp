// SPDX-License-Identifier: Apache-2.0
//
// OTLP messages → the viewer's model: the glue between otlp/receiver and viewer, which do not know each other. Pure;
// runs on the receiver's threads.
#pragma once

#include <vector>

#include "viewer/model.hpp"

namespace opentelemetry::proto::collector::trace::v1 {
class ExportTraceServiceRequest;
}

namespace sidespan::app {

/// Ids of the wrong length become all zero, which the store refuses and counts.
std::vector<viewer::span> viewer_spans(
    const opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest& request);

}  // namespace sidespan::app

// SPDX-License-Identifier: Apache-2.0
//
// gRPC's own log lines, which would go to stderr in a format of their own, become ours at debug level: what matters
// about a call is logged where its outcome is known. Called by the exporter and the receiver before they use gRPC; any
// thread.
#pragma once

namespace sidespan::otlp {

void route_grpc_log() noexcept;

}  // namespace sidespan::otlp

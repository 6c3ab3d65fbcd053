// SPDX-License-Identifier: Apache-2.0
//
// What gRPC must be told once per process. Its own log lines, which would go to stderr in a format of their own, become
// ours at debug level: what matters about a call is logged where its outcome is known. And Abseil's locks, as Debian
// builds them, look for dead locks at every turn and end the process when they believe in one: they stop that. Called
// by the exporter and the receiver before they use gRPC; any thread.
#pragma once

namespace sidespan::otlp {

void prepare_grpc() noexcept;

}  // namespace sidespan::otlp

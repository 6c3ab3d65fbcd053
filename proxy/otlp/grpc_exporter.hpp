// SPDX-License-Identifier: Apache-2.0
//
// Sends batches over OTLP/gRPC (specs §4.1, §4.2). Lives on collect's worker thread; cancel() from any. The channel is
// set as decision 7 says. The batch is encoded by hand into one slice (encode.hpp) and sent through a generic stub.
#pragma once

#include <memory>

#include "collect/exporter.hpp"
#include "otlp/settings.hpp"

namespace sidespan::otlp {

/// Does not connect yet and never throws because the collector is absent. Throws std::runtime_error when the CA file
/// cannot be read.
std::unique_ptr<collect::exporter> make_grpc_exporter(const exporter_settings& settings,
                                                      const resource_settings& resource);

}  // namespace sidespan::otlp

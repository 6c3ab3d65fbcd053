// SPDX-License-Identifier: Apache-2.0
#include "otlp/grpc_library.hpp"

#include <absl/synchronization/mutex.h>
#include <grpc/support/log.h>

#include <string>

#include "base/log.hpp"

namespace sidespan::otlp {
namespace {

void pass_on(gpr_log_func_args* line) {
  base::log(base::log_level::debug, "gRPC", {{"details", line->message}, {"at", line->file}});
}

}  // namespace

void prepare_grpc() noexcept {
  gpr_set_log_function(pass_on);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

}  // namespace sidespan::otlp

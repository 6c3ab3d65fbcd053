// SPDX-License-Identifier: Apache-2.0
#include "net/spawn.hpp"

#include "base/log.hpp"

namespace sidespan::net {

void report_stray_exception(std::exception_ptr error, std::string_view what) noexcept {
  try {
    std::rethrow_exception(std::move(error));
  } catch (const std::exception& e) {
    base::log(base::log_level::error, "internal error", {{"in", std::string(what)}, {"reason", e.what()}});
  } catch (...) {
    base::log(base::log_level::error, "internal error", {{"in", std::string(what)}});
  }
}

}  // namespace sidespan::net

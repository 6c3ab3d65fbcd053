// SPDX-License-Identifier: Apache-2.0
#include "app/file_limit.hpp"

#include <sys/resource.h>

#include <string>

#include "base/log.hpp"

namespace sidespan::app {

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 4096) {
    base::log(base::log_level::warn, "few open files allowed", {{"limit", std::to_string(limit.rlim_cur)}});
  }
}

}  // namespace sidespan::app

// SPDX-License-Identifier: Apache-2.0
#include <sched.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "base/text.hpp"
#include "cli/configuration.hpp"

namespace sidespan::cli {
namespace {

/// Whole CPUs of the quota, rounded up; 0: no quota. Control groups v2: "max 100000" or "150000 100000"; v1: two files.
std::size_t quota() {
  std::string limit;
  std::string period;
  std::ifstream("/sys/fs/cgroup/cpu.max") >> limit >> period;
  if (limit.empty()) {
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> limit;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  const auto allowed = base::parse_decimal(limit);
  const auto of = base::parse_decimal(period);
  if (!allowed || !of || *of == 0) return 0;
  return (*allowed + *of - 1) / *of;
}

}  // namespace

std::size_t available_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::size_t count = ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<std::size_t>(CPU_COUNT(&set)) : 1;
  if (const std::size_t limit = quota(); limit != 0) count = std::min(count, limit);
  return std::clamp<std::size_t>(count, 1, 256);
}

}  // namespace sidespan::cli

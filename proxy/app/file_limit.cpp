// SPDX-License-Identifier: Apache-2.0
#include "app/file_limit.hpp"

#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <string>

#include "base/log.hpp"

namespace sidespan::app {
namespace {

/// For what comes and goes beside the traffic: pages, the exporter, look-ups, listeners that a reload adds.
constexpr std::size_t kept_for_the_rest = 24;

std::size_t file_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

}  // namespace

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t count_open_files() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  std::size_t entries = 0;
  while (readdir(directory) != nullptr) ++entries;
  closedir(directory);
  return entries - 3;  // ".", ".." and the directory itself
}

std::size_t connections_within(std::size_t files, std::size_t open) noexcept {
  const std::size_t taken = open + kept_for_the_rest;
  return files > taken + 2 ? (files - taken) / 2 : 1;
}

std::size_t connections_by_files(std::size_t wanted) {
  const std::size_t files = file_limit();
  const std::size_t enough_for = connections_within(files, count_open_files());
  if (enough_for < wanted) {
    base::log(base::log_level::warn, "the limit of open files is too low for so many connections",
              {{"limit", std::to_string(files)},
               {"connections", std::to_string(enough_for)},
               {"limits.connections", std::to_string(wanted)}});
  }
  return enough_for;
}

}  // namespace sidespan::app

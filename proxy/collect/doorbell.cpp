// SPDX-License-Identifier: Apache-2.0
#include "collect/doorbell.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <system_error>

namespace sidespan::collect {

doorbell::doorbell() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

doorbell::~doorbell() { ::close(descriptor_); }

void doorbell::ring() noexcept {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then it is rung already.
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof(one));
}

bool doorbell::wait(std::optional<std::chrono::steady_clock::time_point> until) noexcept {
  int timeout = -1;
  if (until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - std::chrono::steady_clock::now()).count();
    timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
  }
  pollfd one{descriptor_, POLLIN, 0};
  if (::poll(&one, 1, timeout) <= 0) return false;
  std::uint64_t count = 0;
  return ::read(descriptor_, &count, sizeof(count)) == sizeof(count);
}

}  // namespace sidespan::collect

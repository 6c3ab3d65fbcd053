// SPDX-License-Identifier: Apache-2.0
//
// Wakes the export thread. ring() is one system call, never blocks, any thread; wait() is for the export thread only.
#pragma once

#include <chrono>
#include <optional>

namespace sidespan::collect {

class doorbell {
 public:
  /// Throws std::system_error when the process is out of descriptors.
  doorbell();
  ~doorbell();
  doorbell(const doorbell&) = delete;
  doorbell& operator=(const doorbell&) = delete;

  void ring() noexcept;
  /// Returns when rung since the last wait (true), or at `until` (nullopt: never), or when interrupted.
  bool wait(std::optional<std::chrono::steady_clock::time_point> until) noexcept;

 private:
  int descriptor_;
};

}  // namespace sidespan::collect

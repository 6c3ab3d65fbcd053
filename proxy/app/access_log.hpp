// SPDX-License-Identifier: Apache-2.0
//
// The access log on its way out: shards put lines into bounded rings, one each, and never wait; a thread of its own
// writes them to stdout, stderr or a file. What does not fit, or cannot be written, is counted. Made by app/sidecar on
// the control thread when the log is on; without it nothing of this exists.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sidespan::app {

/// A consistent-enough reading: every line is written, dropped, or still on its way.
struct access_log_counts {
  std::uint64_t written = 0;
  std::uint64_t dropped_full = 0;    // the writer did not keep up
  std::uint64_t dropped_failed = 0;  // the destination refused it
  std::uint64_t dropped_late = 0;    // the time to shut down was over
};

class access_log {
 public:
  /// `to`: "stdout", "stderr", or the name of a file, which is made if need be and appended to. Throws
  /// std::runtime_error naming it. `ring_bytes`: per shard, a power of two.
  access_log(const std::string& to, std::size_t shards, std::size_t ring_bytes = 1U << 20);
  ~access_log();  // as stop() with no time left

  /// From the shard's thread: never blocks; a system call only when the writer sleeps.
  void put(std::size_t shard, std::string_view line) noexcept;

  /// Opens `to` (again: a file that was rotated away) and goes on there; lines from before may still go to the old one.
  /// Nothing changes when it cannot be had: throws as the constructor. Control thread.
  void open(const std::string& to);
  /// Writes what is there until the deadline and ends the thread.
  void stop(std::chrono::steady_clock::time_point deadline);

  access_log_counts read() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sidespan::app

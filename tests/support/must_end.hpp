// SPDX-License-Identifier: Apache-2.0
//
// Ends the test program when a test hangs, destructors included: the run then fails in seconds and names the test. For
// unit tests of what owns threads or waits for others.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace sidespan::support {

/// The first thing of a test, so that it outlives the others.
class must_end {
 public:
  explicit must_end(std::chrono::milliseconds within) : watch_([this, within] { watch(within); }) {}
  ~must_end() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    watch_.join();
  }
  must_end(const must_end&) = delete;
  must_end& operator=(const must_end&) = delete;

 private:
  void watch(std::chrono::milliseconds within) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, within, [this] { return over_; })) return;
    std::fputs("the test hangs\n", stderr);
    std::abort();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread watch_;
};

}  // namespace sidespan::support

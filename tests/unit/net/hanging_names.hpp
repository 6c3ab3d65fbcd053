// SPDX-License-Identifier: Apache-2.0
//
// Names that hang, and a resolver whose threads hang on them. For tests of net, on their thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "net/resolver.hpp"
#include "support/loopback.hpp"

namespace sidespan::net::test {

/// Names that begin with "hangs" have no answer until open().
class hanging_names {
 public:
  hanging_names() {
    const std::lock_guard lock(mutex_);
    open_ = false;
    asked_.clear();
  }
  ~hanging_names() { open(); }
  static void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  static std::ptrdiff_t asked(std::string_view prefix) {
    const std::lock_guard lock(mutex_);
    return std::count_if(asked_.begin(), asked_.end(), [&](const auto& host) { return host.starts_with(prefix); });
  }
  static base::result<addresses> ask(const std::string& host) {
    std::unique_lock lock(mutex_);
    asked_.push_back(host);
    if (host.starts_with("hangs")) changed_.wait(lock, [] { return open_; });
    return addresses{asio::ip::make_address("192.0.2.9")};
  }

 private:
  static inline std::mutex mutex_;
  static inline std::condition_variable changed_;
  static inline std::vector<std::string> asked_;
  static inline bool open_ = false;
};

/// A resolver, and `count` names that hang.
struct beside_hanging_names {
  hanging_names names_that_hang;
  support::event_loop loop;
  resolver names;
  std::vector<support::outcome<base::result<addresses>>> waiting;

  beside_hanging_names(std::size_t count, std::chrono::milliseconds patience)
      : names(loop.context, {&hanging_names::ask, &std::chrono::steady_clock::now, patience}) {
    for (std::size_t i = 0; i < count; ++i)
      waiting.push_back(loop.start(names.resolve("hangs" + std::to_string(i) + ".test", std::chrono::hours(1))));
  }
};

}  // namespace sidespan::net::test

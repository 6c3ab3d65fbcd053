// SPDX-License-Identifier: Apache-2.0
//
// The limits of the data path by name, for the metric that says which one was met and how often
// (docs/operations.md). Named by whoever keeps a limit, counted by the observer; any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/fault.hpp"

namespace sidespan::forward {

enum class limit : std::uint8_t {
  header,           // 431
  target,           // 414
  body,             // 413
  slow_head,        // 408
  slow_body,        // 408
  slow_reader,      // the response is cut
  response_header,  // 502
  connections,      // accepting is paused
  requests,         // 503
  memory,           // 503, or accepting is paused
  descriptors,      // 503, or accepting is paused
  local_ports,      // 503
};

/// Label value; never empty.
std::string_view name(limit which) noexcept;

/// The limit that made a request fail so; nullopt: none did.
std::optional<limit> limit_behind(const base::fault& fault) noexcept;

/// One in flight, counted while this lives. Empty until taken.
class claim {
 public:
  claim() = default;
  claim(const claim&) = delete;
  claim& operator=(const claim&) = delete;
  ~claim() {
    if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_relaxed);
  }

  /// False: `most` are taken already. 0: there is no limit and nothing is counted.
  bool take(std::atomic<std::size_t>& count, std::size_t most) noexcept {
    if (most == 0) return true;
    count_ = &count;
    return count.fetch_add(1, std::memory_order_relaxed) < most;
  }

 private:
  std::atomic<std::size_t>* count_ = nullptr;
};

}  // namespace sidespan::forward

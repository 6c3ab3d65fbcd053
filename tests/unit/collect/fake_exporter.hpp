// SPDX-License-Identifier: Apache-2.0
//
// An exporter that a test scripts and questions while the worker's thread uses it. Waits are for events and bounded: a
// worker that does nothing fails the test after ten seconds.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "collect/exporter.hpp"
#include "support/read_span.hpp"

namespace sidespan::collect::test {

using steady = std::chrono::steady_clock;
constexpr std::chrono::seconds patience{10};

/// A record whose number can be told from its trace id.
inline trace::record make_record(std::uint64_t number) {
  trace::record out;
  for (std::size_t i = 0; i < 8; ++i) out.trace.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  out.fields.set_name("GET", "/a/name/that/does/not/fit/into/a/small/string");
  return out;
}

/// The numbers of the spans that go out, in order.
inline std::vector<std::uint64_t> numbers_of(const parcel& spans) {
  std::vector<std::uint64_t> out;
  for (const piece& one : spans.pieces) {
    for (std::string_view rest = one.bytes(); !rest.empty();) {
      const support::span span = support::read_span(rest);
      std::uint64_t number = 0;
      for (std::size_t i = 0; i < 8; ++i) number |= std::uint64_t{span.trace.bytes[i]} << (8 * i);
      out.push_back(number);
    }
  }
  return out;
}

inline export_outcome accepted(std::uint64_t refused = 0) {
  export_outcome out;
  out.refused = refused;
  return out;
}
inline export_outcome failed(enum export_outcome::kind kind, std::string reason) {
  export_outcome out;
  out.kind = kind;
  out.reason = std::move(reason);
  return out;
}
inline export_outcome retry(std::string reason) { return failed(export_outcome::kind::retry, std::move(reason)); }
inline export_outcome rejected(std::string reason) { return failed(export_outcome::kind::rejected, std::move(reason)); }

/// What the test shares with the exporter, which belongs to the worker.
class script {
 public:
  using numbers = std::vector<std::uint64_t>;

  /// The next answers in turn; after them `otherwise`.
  void answer(export_outcome outcome) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(outcome));
  }
  void otherwise(export_outcome outcome) {
    const std::lock_guard lock(mutex_);
    otherwise_ = std::move(outcome);
  }
  /// From now on calls last until cancel() or their deadline or end() or release().
  void hang(bool deaf_to_cancel_once = false) {
    const std::lock_guard lock(mutex_);
    hanging_ = true;
    deaf_ = deaf_to_cancel_once;
  }
  /// What calls that hang end with at cancel(): "cancelled", to be tried again, unless the answer was under way.
  void when_cancelled(export_outcome outcome) {
    const std::lock_guard lock(mutex_);
    cancelled_ = std::move(outcome);
  }
  /// The next so many calls cannot be started.
  void no_memory(unsigned times) {
    const std::lock_guard lock(mutex_);
    no_memory_ = times;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    hanging_ = false;
    changed_.notify_all();
  }
  /// Of the sends() the one with this index, which hangs.
  void end(std::size_t index, export_outcome outcome) {
    const std::lock_guard lock(mutex_);
    for (pending& one : pending_) {
      if (one.index == index) one.outcome = std::move(outcome);
    }
    changed_.notify_all();
  }
  bool wait_for_sends(std::size_t count) {
    return wait([this, count] { return sends_.size() >= count; });
  }
  /// So many calls hang at once.
  bool wait_for_hang(std::size_t calls = 1) {
    return wait([this, calls] { return hanging_ && pending_.size() >= calls; });
  }
  /// The worker waits for so many calls.
  bool wait_for_wait(std::size_t calls) {
    return wait([this, calls] { return waited_for_ == calls; });
  }
  std::vector<numbers> sends() {
    const std::lock_guard lock(mutex_);
    return sends_;
  }
  std::vector<steady::time_point> deadlines() {
    const std::lock_guard lock(mutex_);
    return deadlines_;
  }

 private:
  friend class fake_exporter;

  struct pending {
    std::size_t number = 0;
    std::size_t index = 0;
    steady::time_point deadline;
    unsigned cancels = 0;
    std::optional<export_outcome> outcome;
  };

  bool wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, condition);
  }

  std::optional<export_outcome> outcome_of(const pending& one) {
    if (one.outcome) return one.outcome;
    if (cancels_ > one.cancels) return cancelled_;
    if (hanging_) return steady::now() >= one.deadline ? std::optional(retry("deadline_exceeded")) : std::nullopt;
    if (answers_.empty()) return otherwise_;
    export_outcome out = answers_.front();
    answers_.pop_front();
    return out;
  }

  /// The first that has ended.
  std::optional<ended_call> take() {
    for (auto one = pending_.begin(); one != pending_.end(); ++one) {
      auto outcome = outcome_of(*one);
      if (!outcome) continue;
      ended_call out{one->number, *std::move(outcome)};
      pending_.erase(one);
      return out;
    }
    return std::nullopt;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<export_outcome> answers_;
  export_outcome otherwise_;
  export_outcome cancelled_ = retry("cancelled");
  std::vector<numbers> sends_;
  std::vector<steady::time_point> deadlines_;
  std::deque<pending> pending_;
  bool hanging_ = false;
  bool deaf_ = false;
  unsigned no_memory_ = 0;
  std::size_t waited_for_ = 0;
  unsigned cancels_ = 0;
};

class fake_exporter final : public exporter {
 public:
  explicit fake_exporter(std::shared_ptr<script> script) : script_(std::move(script)) {}

  void start(std::size_t number, const parcel& given, time_point deadline) override {
    script& s = *script_;
    const std::lock_guard lock(s.mutex_);
    if (s.no_memory_ > 0) {
      --s.no_memory_;
      throw std::bad_alloc();
    }
    s.pending_.push_back({number, s.sends_.size(), deadline, s.cancels_ + (s.deaf_ ? 1 : 0), {}});
    s.sends_.push_back(numbers_of(given));
    s.deadlines_.push_back(deadline);
    s.changed_.notify_all();
  }

  std::optional<ended_call> wait(time_point until) override {
    script& s = *script_;
    std::unique_lock lock(s.mutex_);
    if (s.pending_.empty()) throw std::logic_error("the worker waits for a call that is not under way");
    until = std::min(until, steady::now() + 2 * patience);
    s.waited_for_ = s.pending_.size();
    s.changed_.notify_all();
    while (true) {
      if (auto out = s.take()) return out;
      if (steady::now() >= until) return std::nullopt;
      time_point wake = until;
      for (const auto& one : s.pending_) wake = std::min(wake, one.deadline);
      s.changed_.wait_until(lock, wake);
    }
  }

  void cancel() noexcept override {
    const std::lock_guard lock(script_->mutex_);
    ++script_->cancels_;
    script_->changed_.notify_all();
  }

 private:
  std::shared_ptr<script> script_;
};

}  // namespace sidespan::collect::test

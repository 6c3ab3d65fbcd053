// SPDX-License-Identifier: Apache-2.0
//
// A coroutine that runs beside the one that owns this and refers to what that one holds, which therefore waits for its
// end before it goes itself, whatever has failed. Waiting needs no memory, so that it cannot fail. Used by forward for
// what goes the other way on the same pair of connections; a shard's thread.
#pragma once

#include <coroutine>
#include <memory>

#include "net/task.hpp"

namespace sidespan::net {

class beside {
  struct link {
    std::coroutine_handle<> waiting;  // whoever waits for the end
    std::coroutine_handle<> root;     // of its chain
    bool ended = false;
  };

 public:
  class [[nodiscard]] ending {
   public:
    explicit ending(link* of) noexcept : of_(of) {}
    bool await_ready() const noexcept { return of_ == nullptr || of_->ended; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
      of_->waiting = waiting;
      of_->root = waiting.promise().root;
    }
    void await_resume() const noexcept {}

   private:
    link* of_;
  };

  beside() = default;
  beside(const beside&) = delete;
  beside& operator=(const beside&) = delete;

  /// Once. `other` begins through the loop. Throws std::bad_alloc: it has not begun.
  void begin(const executor& where, task<void> other, const char* what);
  bool running() const noexcept { return link_ && !link_->ended; }
  /// To be awaited at once: until it has ended, by an exception (which is logged) as well.
  ending end() noexcept { return ending(link_.get()); }

 private:
  struct abandonment;
  static task<void> run(task<void> other, std::shared_ptr<link> with);

  std::shared_ptr<link> link_;  // when the loop goes, either may go first
};

}  // namespace sidespan::net

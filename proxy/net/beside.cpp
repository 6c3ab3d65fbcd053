// SPDX-License-Identifier: Apache-2.0
#include "net/beside.hpp"

#include <exception>
#include <utility>

#include "net/spawn.hpp"

namespace sidespan::net {

/// When the loop goes before the coroutine has ended, whoever waits for it would wait for ever: it goes as well.
struct beside::abandonment {
  link& with;
  ~abandonment() {
    if (!with.ended && with.root) with.root.destroy();
  }
};

task<void> beside::run(task<void> other, std::shared_ptr<link> with) {
  const abandonment guard{*with};
  std::exception_ptr thrown;
  try {
    co_await other;
  } catch (...) {
    thrown = std::current_exception();
  }
  with->ended = true;
  // As the last thing: what the other coroutine referred to may go with it.
  if (with->waiting) with->waiting.resume();
  if (thrown) std::rethrow_exception(thrown);
}

void beside::begin(const executor& where, task<void> other, const char* what) {
  auto made = std::make_shared<link>();
  spawn(where, run(std::move(other), made), what);
  link_ = std::move(made);
}

}  // namespace sidespan::net

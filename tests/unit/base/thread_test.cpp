// SPDX-License-Identifier: Apache-2.0
#include "base/thread.hpp"

#include <pthread.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <string>

namespace sidespan::base {
namespace {

bool blocked(int signal) {
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, nullptr, &now);
  return sigismember(&now, signal) == 1;
}

TEST_CASE("thread: gets no signals and has its name, and who starts it keeps both") {
  bool there = false;
  bool in_its_own = false;
  char name[16] = {};
  start_thread("by-this-name", [&] {
    there = blocked(SIGTERM);
    std::thread([&] { in_its_own = blocked(SIGTERM); }).join();
    pthread_getname_np(pthread_self(), name, sizeof name);
  }).join();
  CHECK(there);
  CHECK(in_its_own);
  CHECK(std::string(name) == "by-this-name");
  CHECK_FALSE(blocked(SIGTERM));
}

}  // namespace
}  // namespace sidespan::base

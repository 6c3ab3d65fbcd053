// SPDX-License-Identifier: Apache-2.0
//
// What net does when one allocation fails. Not under the sanitizers (support/refuse_memory).
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <catch2/catch.hpp>

#include "net/deadlines.hpp"
#include "net/resolver.hpp"
#include "support/loopback.hpp"
#include "support/refuse_memory.hpp"

namespace sidespan::net {
namespace {

using namespace std::chrono_literals;

struct counted {
  int times = 0;
  static void expired(void* self) noexcept { ++static_cast<counted*>(self)->times; }
};

TEST_CASE("deadlines: without memory for the timer nothing is forgotten, the next one makes up for it") {
  support::event_loop loop;
  counted first, second;
  deadline early(loop.wheel, &counted::expired, &first);
  deadline late(loop.wheel, &counted::expired, &second);
  support::refuse_memory::at(1);
  early.arm(10ms);
  REQUIRE(support::refuse_memory::stop());
  loop.run_for(60ms);
  CHECK(first.times == 0);
  late.arm(10ms);
  loop.until([&] { return first.times == 1 && second.times == 1; });
}

addresses found_at_once() { return {asio::ip::address_v4::loopback()}; }

task<bool> resolve(resolver& names, int refused) {
  support::refuse_memory::at(refused);
  try {
    auto asking = names.resolve("a.test", 2s);
    const auto found = co_await asking;
  } catch (const std::bad_alloc&) {
    // The exchange answers that.
  }
  co_return support::refuse_memory::stop();
}

TEST_CASE("resolver: whichever allocation fails, the next request is answered") {
  bool refused = true;
  for (int n = 1; refused; ++n) {
    INFO("allocation " << n);
    REQUIRE(n < 1000);
    support::event_loop loop;
    resolver names(loop.context,
                   resolver::ways([](const std::string&) { return base::result<addresses>(found_at_once()); }));
    refused = loop.finish(resolve(names, n));
    const auto found = loop.finish(names.resolve("a.test", 2s));
    CHECK(found);
  }
}

}  // namespace
}  // namespace sidespan::net
#endif

// SPDX-License-Identifier: Apache-2.0
//
// What net does when one allocation fails. Not under the sanitizers (support/refuse_memory).
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <catch2/catch.hpp>
#include <future>

#include "net/deadlines.hpp"
#include "net/listener.hpp"
#include "net/resolver.hpp"
#include "support/loopback.hpp"
#include "support/refuse_memory.hpp"
#include "unit/net/hanging_names.hpp"

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
  loop.until([&] { return second.times == 1; });
  CHECK(first.times == 1);
}

addresses found_at_once() { return {asio::ip::address_v4::loopback()}; }

task<bool> resolve(resolver& names, int refused, std::chrono::milliseconds limit) {
  support::refuse_memory::at(refused);
  try {
    auto asking = names.resolve("a.test", limit);
    const auto found = co_await asking;
  } catch (const std::bad_alloc&) {
    // The exchange answers that.
  }
  co_return support::refuse_memory::stop();
}

/// With one allocation more each time, until none is refused. Each time on a thread of its own: frames and Asio's
/// operations are recycled per thread, and what is recycled cannot be refused.
void refuse_each(bool (*one)(int nth)) {
  bool refused = true;
  for (int n = 1; refused; ++n) {
    INFO("allocation " << n);
    REQUIRE(n < 1000);
    refused = std::async(std::launch::async, one, n).get();
  }
}

TEST_CASE("resolver: whichever allocation fails, the next request is answered") {
  refuse_each([](int nth) {
    support::event_loop loop;
    resolver names(loop.context,
                   resolver::ways([](const std::string&) { return base::result<addresses>(found_at_once()); }));
    const bool refused = loop.finish(resolve(names, nth, 2s));
    const auto found = loop.finish(names.resolve("a.test", 2s));
    CHECK(found);
    return refused;
  });
}

TEST_CASE("resolver: whichever allocation fails, who had to wait is not waited for by its name") {
  refuse_each([](int nth) {
    test::beside_hanging_names b(resolver::usual_threads, 1h);
    b.loop.until([] { return test::hanging_names::asked("hangs") == resolver::usual_threads; });
    const bool refused = b.loop.finish(resolve(b.names, nth, 20ms));
    const auto in_its_place = b.loop.start(b.names.resolve("hangs.test", 1h));  // so the next has other memory
    CHECK_FALSE(b.loop.finish(b.names.resolve("a.test", 20ms)));                // the last that wanted the name
    test::hanging_names::open();
    CHECK(b.loop.finish(b.names.resolve("other.test", 4s)));
    CHECK(test::hanging_names::asked("a.test") == 0);
    return refused;
  });
}

task<error_code> read_lent(stream& from, block_pool& lender) {
  block_pool::block lent;
  error_code ec;
  const std::size_t got = co_await from.read_lent(lender, false, lent, ec);
  co_return got == 0 ? ec : error_code();
}

TEST_CASE("stream: a read for which there is no memory ends") {
  support::event_loop loop;
  const support::connection ends = support::connected(loop);
  block_pool lender;
  const auto waiting = loop.start(read_lent(*ends.near, lender));
  const auto tried_with = lender.take();
  ends.far.send("hello");
  support::refuse_memory::from(1);
  loop.settle();
  REQUIRE(support::refuse_memory::stop());
  REQUIRE(waiting->has_value());
  CHECK(**waiting == asio::error::no_memory);
}

/// A listener that is about to accept; what is allocated to hand over a connection is not refused.
struct about_to_accept {
  support::event_loop loop;
  std::string_view used_up;
  std::size_t accepted_from = 0;
  std::vector<std::string> pauses;
  std::vector<tcp_socket> callers;
  listener door{bind_listener(loop.context, "127.0.0.1", 0, false), [this](accepted) { ++accepted_from; },
                [this] { return std::exchange(used_up, std::string_view()); },
                [this](std::string_view why) {
                  const support::refuse_memory::pause mine;
                  pauses.emplace_back(why);
                },
                "test"};

  void call() {
    callers.emplace_back(loop.context.get_executor());
    callers.back().connect(tcp_endpoint(asio::ip::address_v4::loopback(), door.port()));
  }
  /// It was accepted or turned away, but does not hang.
  bool answered(std::size_t caller) {
    callers[caller].non_blocking(true);
    char byte = 0;
    error_code ec;
    callers[caller].read_some(asio::buffer(&byte, 1), ec);
    return ec != asio::error::would_block;
  }
  /// Whether the `nth` allocation of what comes next was refused; accepting goes on all the same.
  bool goes_on_without(int nth, bool and_all_behind_it) {
    call();
    door.start();
    and_all_behind_it ? support::refuse_memory::from(nth) : support::refuse_memory::at(nth);
    loop.run_for(20ms);
    const bool refused = support::refuse_memory::stop();
    call();
    loop.until([this] { return answered(0) && answered(1); });
    CHECK(accepted_from >= 1);
    CHECK(pauses.size() <= 1);
    for (const std::string& why : pauses) CHECK(why == "memory");
    door.stop();
    loop.until([this] { return door.done(); });
    return refused;
  }
};

TEST_CASE("listener: whichever allocation fails, accepting goes on after a pause") {
  refuse_each([](int nth) { return about_to_accept().goes_on_without(nth, false); });
}

TEST_CASE("listener: from whichever allocation on all fail for a while, accepting goes on after it") {
  refuse_each([](int nth) { return about_to_accept().goes_on_without(nth, true); });
}

TEST_CASE("listener: whichever allocation of a pause fails, accepting goes on after it") {
  refuse_each([](int nth) {
    about_to_accept a;
    a.used_up = "memory";
    return a.goes_on_without(nth, false);
  });
  refuse_each([](int nth) {
    about_to_accept a;
    a.used_up = "memory";
    return a.goes_on_without(nth, true);
  });
}

}  // namespace
}  // namespace sidespan::net
#endif

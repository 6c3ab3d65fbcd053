// SPDX-License-Identifier: Apache-2.0
#include "net/registrations.hpp"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>
#include <list>

#include "support/loopback.hpp"

namespace sidespan::net {
namespace {

/// Sockets that are open at once; each is known to the reactor.
void open_many(asio::io_context& loop, int count) {
  std::list<asio::ip::tcp::socket> all;
  for (int i = 0; i < count; ++i) all.emplace_back(loop, asio::ip::tcp::v4());
}

[[maybe_unused]] std::size_t growth(asio::io_context& loop) {
  const std::size_t before = ::mallinfo2().uordblks;
  open_many(loop, 200);
  const std::size_t after = ::mallinfo2().uordblks;
  return after - std::min(before, after);
}

task<std::size_t> read_once(stream& from) {
  std::array<char, 16> memory{};
  const std::span<char> room(memory);
  error_code ec;
  const std::size_t got = co_await from.read_some(room, ec);
  co_return got;
}

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // malloc keeps books only without them
TEST_CASE("registrations: descriptors that come later need no memory of their own") {
  asio::io_context loop;
  CHECK(growth(loop) > 200 * 100);  // what Asio does by itself: if it no longer does, all of this may go
  asio::io_context prepared;
  make_registrations(prepared, 256);
  CHECK(growth(prepared) < 200 * 100 / 10);
}
#endif

TEST_CASE("registrations: a loop that was prepared works") {
  support::event_loop loop;
  make_registrations(loop.context, 100);
  auto ends = support::connected(loop);
  ends.far.send("hello");
  CHECK(loop.finish(read_once(*ends.near)) == 5);
}

}  // namespace sidespan::net

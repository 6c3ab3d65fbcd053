// SPDX-License-Identifier: Apache-2.0
#include "wire/h1_input.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "support/loopback.hpp"

namespace sidespan::wire::test {
namespace {

constexpr std::size_t head_block = buffer_pool::head_block_size;
constexpr std::size_t large_block = buffer_pool::block_size;

net::task<std::size_t> read_more(h1_input& input) {
  net::error_code ec;
  const std::size_t got = co_await input.read(ec);
  if (got != 0) input.received(got);
  co_return got;
}

struct receiving {
  explicit receiving(base::side from, std::size_t limit = buffer_pool::unlimited)
      : pool(limit), input(*ends.near, pool, from) {}

  /// One read of what is there, with room made for it.
  std::size_t read() {
    REQUIRE(input.make_room());
    return loop.finish(read_more(input));
  }
  void receive(const std::string& text) {
    ends.far.send(text);
    const std::size_t before = input.unread().size();
    while (input.unread().size() < before + text.size()) read();
  }
  /// A head that announces `length` bytes of content, consumed.
  void take_head(std::size_t bytes, std::uint64_t length) {
    input.consume(bytes);
    http1::decoded_head head;
    head.body.kind = http::body_size::kind::known;
    head.body.bytes = length;
    input.start_body(head, none);
  }

  support::event_loop loop;
  support::connection ends = support::connected(loop);
  http::fields none;
  buffer_pool pool;
  h1_input input;
};

}  // namespace

TEST_CASE("h1_input: who waits for a message holds no memory, and gives back what it had") {
  const auto from = GENERATE(base::side::downstream, base::side::upstream);
  receiving r(from);
  r.input.start_message();
  const auto waiting = r.loop.start(read_more(r.input));
  CHECK_FALSE(waiting->has_value());
  CHECK(r.pool.in_use() == 0);
  r.ends.far.send("0123456789");
  r.loop.until([&] { return waiting->has_value(); });
  CHECK(r.input.unread() == "0123456789");
  CHECK(r.pool.in_use() == (from == base::side::downstream ? head_block : large_block));
  r.input.consume(10);
  r.input.start_message();
  CHECK(r.pool.in_use() == 0);
  const auto end = r.loop.start(read_more(r.input));
  r.ends.far.shut_write();
  r.loop.until([&] { return end->has_value(); });
  CHECK(**end == 0);
  CHECK(r.pool.in_use() == 0);
}

TEST_CASE("h1_input: heads grow as they come, and large ones do not when the pool is full") {
  constexpr std::size_t limit = 20 * 1024;
  constexpr std::size_t ordinary = 4096;
  receiving r(base::side::downstream, limit);
  r.pool.account(limit);
  const std::string part(ordinary, 'a');
  r.receive(part);  // what every head may have
  CHECK(r.pool.in_use() == limit + ordinary);
  CHECK_FALSE(r.input.make_room());
  CHECK(r.input.unread() == part);
  r.pool.give_back(limit);
  CHECK(r.input.make_room());
  CHECK(r.input.unread() == part);
  CHECK(r.pool.in_use() == 2 * ordinary);
  r.receive("bb");
  CHECK(r.input.unread() == part + "bb");
  r.input.consume(r.input.unread().size());
  r.input.start_message();
  CHECK(r.pool.in_use() == 0);
}

TEST_CASE("h1_input: behind a large message a large block is lent, and a small one moves out of it") {
  receiving r(base::side::downstream);
  r.receive(std::string(head_block, 'a'));
  r.input.consume(head_block);
  r.input.start_message();
  const std::string large(10000, 'b');
  r.ends.far.send(large);
  CHECK(r.read() == large.size());
  CHECK(r.input.unread() == large);
  CHECK(r.pool.in_use() == large_block);
  r.input.consume(large.size());
  r.input.start_message();
  r.receive("small");
  CHECK(r.input.unread() == "small");
  CHECK(r.pool.in_use() == head_block);
}

TEST_CASE("h1_input: a slow head waits in a small block, wherever it comes from") {
  receiving r(base::side::upstream);
  r.receive("HTTP/1.1 2");
  CHECK(r.pool.in_use() == large_block);
  REQUIRE(r.input.make_room());
  CHECK(r.pool.in_use() == head_block);
  CHECK(r.input.unread() == "HTTP/1.1 2");
  r.receive("00 OK");
  CHECK(r.input.unread() == "HTTP/1.1 200 OK");
}

TEST_CASE("h1_input: a response of 10 KB comes in one read, its content in one piece") {
  receiving r(base::side::upstream);
  const std::string content(10240, 'c');
  r.ends.far.send("head" + content);
  CHECK(r.read() == 4 + content.size());
  r.take_head(4, content.size());
  body_piece piece;
  const base::result<bool> ready = r.input.body_at_hand(piece);
  REQUIRE((ready.has_value() && *ready));
  CHECK(piece.bytes == content);
  CHECK(piece.last);
}

TEST_CASE("h1_input: content is received behind its head while there is room, else into a block that goes back") {
  receiving r(base::side::downstream);
  const bool large = GENERATE(true, false);
  const std::string head(large ? head_block : 100, 'h');
  r.receive(head);
  if (large) {  // it moves there with what follows
    r.input.consume(head.size());
    r.input.start_message();
    r.receive(head);
  }
  r.take_head(head.size(), 6);
  CHECK(r.pool.in_use() == (large ? large_block : head_block));
  const std::size_t before = r.pool.in_use();
  for (const char* const each : {"abc", "def"}) {
    const auto piece = r.loop.start(r.input.read_body(std::chrono::milliseconds(0)));
    CHECK(r.pool.in_use() == before);  // not while it waits
    r.ends.far.send(each);
    r.loop.until([&] { return piece->has_value(); });
    REQUIRE((**piece).has_value());
    CHECK((**piece)->bytes == each);
    CHECK(r.pool.in_use() == (large ? large_block : head_block + large_block));
  }
  r.input.start_message();
  CHECK(r.pool.in_use() == 0);
}

TEST_CASE("h1_input: content that nobody wants is dropped up to its end and no further, in no memory") {
  receiving r(base::side::downstream);
  r.receive("head");
  r.take_head(4, 50000);
  const std::string content(50000, 'c');
  r.ends.far.send(content + "next");
  while (!r.input.body_done()) REQUIRE(r.loop.finish(r.input.drop_body(std::chrono::milliseconds(0))).has_value());
  CHECK(r.pool.in_use() == head_block);
  r.input.start_message();
  r.read();
  CHECK(r.input.unread() == "next");
}

TEST_CASE("h1_input: dropping begins with what has come, and tells of an end before the end") {
  receiving r(base::side::downstream);
  r.receive("headcont");
  r.take_head(4, 10);
  REQUIRE(r.loop.finish(r.input.drop_body(std::chrono::milliseconds(0))).has_value());
  CHECK_FALSE(r.input.body_done());
  r.ends.far.send("ent");
  REQUIRE(r.loop.finish(r.input.drop_body(std::chrono::milliseconds(0))).has_value());
  r.ends.far.shut_write();
  const auto end = r.loop.finish(r.input.drop_body(std::chrono::milliseconds(0)));
  REQUIRE_FALSE(end.has_value());
  CHECK(end.error().code() == base::fault_code::downstream_closed);
}

TEST_CASE("h1_input: what follows a message stays for the next one, in as little memory as it needs") {
  receiving r(base::side::downstream);
  SECTION("behind a head") {
    r.receive("firstsecond");
    r.input.consume(5);
    r.input.start_message();
    CHECK(r.input.unread() == "second");
  }
  SECTION("behind content in a block of its own") {
    r.receive("first");
    r.take_head(5, 3);
    r.ends.far.send("abcsecond");
    const auto piece = r.loop.finish(r.input.read_body(std::chrono::milliseconds(0)));
    REQUIRE(piece.has_value());
    CHECK(piece->bytes == "abc");
    r.input.start_message();
    CHECK(r.input.unread() == "second");
  }
  CHECK(r.pool.in_use() == head_block);
  // The rest fills the block up to its end: what has been consumed makes room.
  r.receive(std::string(head_block - 6, 's'));
  CHECK(r.input.unread().size() == head_block);
  CHECK(r.input.unread().starts_with("second"));
}

}  // namespace sidespan::wire::test

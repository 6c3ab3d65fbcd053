// SPDX-License-Identifier: Apache-2.0
#include "net/stream.hpp"

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <vector>

#include "net/event.hpp"
#include "support/loopback.hpp"

namespace sidespan::net::test {
namespace {

using namespace std::chrono_literals;

struct ended {
  std::string bytes;
  io_end end{};
};

task<ended> read(stream& from) {
  ended out;
  std::array<char, 4096> buffer;
  const std::span<char> room(buffer);
  error_code ec;
  const std::size_t got = co_await from.read_some(room, ec);
  out.bytes.assign(buffer.data(), got);
  if (got == 0) out.end = from.end_of(ec);
  co_return out;
}

task<ended> read_lent(stream& from, block_pool& lender, bool head) {
  ended out;
  block_pool::block lent;
  error_code ec;
  const std::size_t got = co_await from.read_lent(lender, head, lent, ec);
  out.bytes.assign(lent.data() == nullptr ? "" : lent.data(), got);
  if (got == 0) out.end = from.end_of(ec);
  co_return out;
}

/// `meanwhile` has its turn when the first read has what came and is about to go on.
template <class Action>
task<std::array<ended, 2>> read_twice(stream& from, Action meanwhile) {
  asio::post(from.socket().get_executor(), meanwhile);
  std::array<ended, 2> out;
  out[0] = co_await read(from);
  out[1] = co_await read(from);
  co_return out;
}

struct by_eights {
  std::string bytes;
  std::size_t reads = 0;
  std::optional<io_end> end;
};

/// `pause` is waited for behind the second read.
task<bool> read_by_eights(stream& from, by_eights& out, event* pause = nullptr) {
  std::array<char, 8> buffer;
  const std::span<char> room(buffer);
  error_code ec;
  std::size_t got = 1;
  while (got != 0) {
    got = co_await from.read_some(room, ec);
    out.bytes.append(buffer.data(), got);
    if (got != 0) ++out.reads;
    if (pause != nullptr && out.reads == 2) co_await pause->wait();
  }
  out.end = from.end_of(ec);
  co_return true;
}

/// Looks once in every turn of the loop how far the reading has come.
void look(const executor& where, const by_eights& at, std::vector<std::size_t>& seen, int turns) {
  seen.push_back(at.reads);
  if (turns > 0) asio::post(where, [&, where, turns] { look(where, at, seen, turns - 1); });
}

task<io_end> end_of_read_behind_a_limit(stream& from) {
  std::array<char, 8> buffer;
  const std::span<char> room(buffer);
  error_code ec;
  (void)co_await from.read_some(room, ec);
  from.stop_waiting();
  const std::size_t got = co_await from.read_some(room, ec);
  co_return got == 0 ? from.end_of(ec) : io_end{};
}

task<std::size_t> drop(stream& from, std::size_t most) {
  error_code ec;
  const std::size_t got = co_await from.drop_some(most, ec);
  co_return ec ? 0 : got;
}

struct stream_set {
  support::event_loop loop;
  support::connection ends = support::connected(loop);
  stream& near() { return *ends.near; }
  support::far_end& far() { return ends.far; }
  io_end read_end() { return loop.finish(read(near())).end; }
  /// Fills both sockets; what the socket took no more is still to be written.
  stream::pieces fill(const std::string& large) {
    stream::pieces text{large};
    while (const auto sent = near().try_write(text)) {
      if (*sent == 0) break;
      stream::skip(text, *sent);
    }
    return text;
  }
};

}  // namespace

TEST_CASE("stream: knows its peer") {
  stream_set s;
  CHECK(s.near().peer_address() == "127.0.0.1");
  CHECK(s.near().peer().port() != 0);
  CHECK(s.near().local().port() != 0);
}

TEST_CASE("stream: reads what is there") {
  stream_set s;
  s.far().send("hello");
  CHECK(s.loop.finish(read(s.near())).bytes == "hello");
}

TEST_CASE("stream: how a read can end") {
  stream_set s;
  SECTION("FIN") {
    s.far().shut_write();
    CHECK(s.read_end() == io_end::closed);
  }
  SECTION("RST") {
    s.far().reset();
    CHECK(s.read_end() == io_end::reset);
  }
  SECTION("limit") {
    s.near().limit(20ms);
    CHECK(s.read_end() == io_end::timed_out);
  }
}

TEST_CASE("stream: a read holds lent memory while there is something to receive, and no longer") {
  block_pool pool;
  stream_set s;
  const bool head = GENERATE(false, true);
  const auto waiting = s.loop.start(read_lent(s.near(), pool, head));
  CHECK(pool.in_use() == 0);
  SECTION("bytes come") {
    s.far().send("hello");
    s.loop.until([&] { return waiting->has_value(); });
    CHECK((*waiting)->bytes == "hello");
  }
  SECTION("a FIN comes") {
    s.far().shut_write();
    s.loop.until([&] { return waiting->has_value(); });
    CHECK((*waiting)->end == io_end::closed);
  }
  SECTION("a reset comes") {
    s.far().reset();
    s.loop.until([&] { return waiting->has_value(); });
    CHECK((*waiting)->end == io_end::reset);
  }
  CHECK(pool.in_use() == 0);
}

TEST_CASE("stream: what is dropped is gone, and no more than was said") {
  stream_set s;
  s.far().send("unwantedhello");
  CHECK(s.loop.finish(drop(s.near(), 6)) == 6);
  CHECK(s.loop.finish(drop(s.near(), 2)) == 2);
  CHECK(s.loop.finish(read(s.near())).bytes == "hello");
  const auto waiting = s.loop.start(drop(s.near(), 100));
  CHECK_FALSE(waiting->has_value());
  s.far().send("more");
  s.loop.until([&] { return waiting->has_value(); });
  CHECK(**waiting == 4);
}

TEST_CASE("stream: nothing that has come is waited for, however it came") {
  stream_set s;
  // A kept connection is asked to tell of FIN from its second read on, and relies on it from then.
  for (int i = GENERATE(0, 2); i > 0; --i) {
    s.far().send("before");
    REQUIRE(s.loop.finish(read(s.near())).bytes == "before");
  }
  SECTION("more than the reader has room for") {
    const std::string large(10'000, 'x');
    s.far().send(large);
    std::string got;
    while (got.size() < large.size()) got += s.loop.finish(read(s.near())).bytes;
    CHECK(got == large);
  }
  SECTION("a FIN with the last bytes") {
    s.far().send("last words");
    s.far().shut_write();
    s.loop.listen();  // the one event for both is over
    CHECK(s.loop.finish(read(s.near())).bytes == "last words");
    CHECK(s.read_end() == io_end::closed);
    CHECK(s.read_end() == io_end::closed);
  }
  SECTION("a FIN with the last bytes, and a write after them") {
    s.far().send("last words");
    s.far().shut_write();
    s.loop.listen();
    CHECK(s.loop.finish(read(s.near())).bytes == "last words");
    CHECK(s.near().try_write({"answer"}) == 6);
    CHECK(s.read_end() == io_end::closed);
  }
  SECTION("a FIN after them") {
    s.far().send("last words");
    CHECK(s.loop.finish(read(s.near())).bytes == "last words");
    s.far().shut_write();
    s.loop.listen();
    CHECK(s.read_end() == io_end::closed);
  }
  SECTION("bytes between two reads") {
    s.far().send("one");
    CHECK(s.loop.finish(read(s.near())).bytes == "one");
    s.far().send("two");
    s.loop.listen();
    CHECK(s.loop.finish(read(s.near())).bytes == "two");
  }
  SECTION("bytes behind an urgent one, where a read stops") {
    s.far().send("one");
    s.far().send_urgent('!');
    s.far().send("two");
    s.loop.listen();
    CHECK(s.loop.finish(read(s.near())).bytes == "one");
    CHECK(s.loop.finish(read(s.near())).bytes == "two");
  }
  SECTION("a FIN while the reader waits") {
    const auto waiting = s.loop.start(read(s.near()));
    s.loop.settle();
    s.far().send("last words");
    s.far().shut_write();
    s.loop.until([&] { return waiting->has_value(); });
    CHECK((*waiting)->bytes == "last words");
    CHECK(s.read_end() == io_end::closed);
  }
  SECTION("a FIN with what fills the room, and a read after a limit") {
    s.near().limit(1ms);
    CHECK(s.read_end() == io_end::timed_out);
    s.near().no_limit();
    s.far().send(std::string(4096, 'x'));
    s.far().shut_write();
    s.loop.listen();
    CHECK(s.loop.finish(read(s.near())).bytes.size() == 4096);
    CHECK(s.read_end() == io_end::closed);
  }
  SECTION("a reset with the last bytes") {
    s.far().send("last words");
    s.far().reset();
    s.loop.listen();
    CHECK(s.loop.finish(read(s.near())).bytes == "last words");
    CHECK(s.read_end() == io_end::reset);
  }
  SECTION("a reset with the last bytes, and a write after them") {
    s.far().send("last words");
    s.far().reset();
    CHECK(s.loop.finish(read(s.near())).bytes == "last words");
    CHECK_FALSE(s.near().try_write({"answer"}).has_value());
    CHECK(s.read_end() != io_end::timed_out);
  }
  SECTION("an answer to what was written") {
    s.far().send("one");
    CHECK(s.loop.finish(read(s.near())).bytes == "one");
    CHECK(s.near().try_write({"question"}) == 8);
    const auto waiting = s.loop.start(read(s.near()));
    CHECK_FALSE(waiting->has_value());
    s.far().send("two");
    s.loop.until([&] { return waiting->has_value(); });
    CHECK((*waiting)->bytes == "two");
    s.far().send("three");
    CHECK(s.loop.finish(read(s.near())).bytes == "three");
  }
  SECTION("a reset after them") {
    s.far().send("one");
    CHECK(s.loop.finish(read(s.near())).bytes == "one");
    s.far().reset();
    s.loop.listen();
    CHECK(s.read_end() == io_end::reset);
  }
}

TEST_CASE("stream: where more has come than there is room for, it is read at once, and others have their turn") {
  stream_set s;
  by_eights out;
  std::vector<std::size_t> seen;
  s.far().send(std::string(160, 'a'));
  look(s.near().socket().get_executor(), out, seen, 12);
  const auto reading = s.loop.start(read_by_eights(s.near(), out));
  CHECK(out.bytes.size() == 160);
  std::vector<std::size_t> in_one_turn;
  for (std::size_t turn = 1; turn < seen.size(); ++turn) {
    if (seen[turn] != seen[turn - 1]) in_one_turn.push_back(seen[turn] - seen[turn - 1]);
  }
  CHECK(in_one_turn == std::vector<std::size_t>(4, 5));
}

TEST_CASE("stream: behind what was read at once nothing is missed") {
  stream_set s;
  by_eights out;
  const auto reading = s.loop.start(read_by_eights(s.near(), out));
  std::size_t sent = 0;
  // What ends with a room that is full, and what does not; from the second on the reactor tells of FIN.
  for (const std::size_t size : {16, 20, 40, 41, 8, 3, 64, 65, 24}) {
    s.far().send(std::string(size, 'a'));
    sent += size;
    s.loop.until([&] { return out.bytes.size() == sent; });
  }
  const std::size_t last = GENERATE(16, 20, 40);
  s.far().send(std::string(last, 'b'));
  s.far().shut_write();
  s.loop.until([&] { return reading->has_value(); });
  CHECK(out.bytes.size() == sent + last);
  CHECK(out.end == io_end::closed);
}

TEST_CASE("stream: what comes while nobody reads, behind what was read at once, is not missed") {
  stream_set s;
  // From the second read that waits on, the reactor tells of FIN.
  for (int i = 0; i < 2; ++i) {
    s.far().send("ab");
    (void)s.loop.finish(read(s.near()));
  }
  event pause(s.near().socket().get_executor());
  by_eights out;
  s.far().send("01234567abc");  // the second read is done at once and empties the socket
  const auto reading = s.loop.start(read_by_eights(s.near(), out, &pause));
  CHECK(out.bytes == "01234567abc");
  SECTION("bytes") {
    s.far().send("later");
    s.loop.listen();
    pause.set();
    s.loop.until([&out] { return out.bytes == "01234567abclater"; });
    s.far().shut_write();
  }
  SECTION("FIN") {
    s.far().shut_write();
    s.loop.listen();
    pause.set();
  }
  s.loop.until([&] { return reading->has_value(); });
  CHECK(out.end == io_end::closed);
}

TEST_CASE("stream: when its time is over, nothing is read at once either") {
  stream_set s;
  s.far().send("first868second");
  CHECK(s.loop.finish(end_of_read_behind_a_limit(s.near())) == io_end::timed_out);
}

TEST_CASE("stream: listens while nobody reads") {
  stream_set s;
  s.near().listen();
  s.loop.settle();
  CHECK(s.near().undisturbed());
  SECTION("what comes is noticed, and there for the next read") {
    s.far().send("early");
    s.loop.settle();
    CHECK_FALSE(s.near().undisturbed());
    CHECK(s.loop.finish(read(s.near())).bytes == "early");
    s.far().send("more");
    CHECK(s.loop.finish(read(s.near())).bytes == "more");
  }
  SECTION("what comes behind a write is there for the next read") {
    s.far().send("one");
    CHECK(s.loop.finish(read(s.near())).bytes == "one");
    s.near().listen();
    CHECK(s.near().try_write({"question"}) == 8);
    s.far().send("answer");
    s.loop.settle();
    CHECK(s.loop.finish(read(s.near())).bytes == "answer");
  }
  SECTION("a read in between") {
    const auto waiting = s.loop.start(read(s.near()));
    CHECK_FALSE(waiting->has_value());
    s.far().send("one");
    s.loop.until([&] { return waiting->has_value(); });
    s.near().listen();
    s.loop.settle();
    CHECK(s.near().undisturbed());
    s.far().shut_write();
    s.loop.settle();
    CHECK_FALSE(s.near().undisturbed());
    CHECK(s.read_end() == io_end::closed);
  }
  SECTION("an edge for bytes that were read before is none") {
    s.far().send("one");
    s.loop.settle();
    CHECK(s.loop.finish(read(s.near())).bytes == "one");
    CHECK(s.near().try_write({"question"}) == 8);
    const auto waiting = s.loop.start(read(s.near()));
    s.far().send("two");
    s.loop.until([&] { return waiting->has_value(); });
    s.near().listen();
    s.loop.settle();
    CHECK(s.near().undisturbed());
  }
  SECTION("a limit passes while somebody reads") {
    s.near().limit(20ms);
    CHECK(s.read_end() == io_end::timed_out);
  }
  SECTION("the stream goes") {
    s.ends.near.reset();
    s.loop.settle();
    CHECK(s.far().sees_end());
  }
  SECTION("the stream is closed before") { s.near().close(); }
}

TEST_CASE("stream: a FIN that came with what was read last is noticed by listening") {
  stream_set s;
  for (int i = 0; i < 2; ++i) {
    s.far().send("one");
    s.loop.listen();
    CHECK(s.loop.finish(read(s.near())).bytes == "one");  // the second time nothing is left: the reactor will wait
  }
  s.far().send("two");
  s.far().shut_write();
  // At once, before anything else has its turn.
  const auto read_and_listen = [](stream& from) -> task<bool> {
    ended last = co_await read(from);
    from.listen();
    co_return last.bytes == "two" && !from.undisturbed();
  };
  CHECK(s.loop.finish(read_and_listen(s.near())));
}

TEST_CASE("stream: interrupted, a read ends however it came about, and whatever comes") {
  stream_set s;
  s.far().send("one");
  s.loop.listen();
  s.near().interrupt(true);
  s.loop.listen();
  CHECK(s.read_end() == io_end::timed_out);
  CHECK(s.near().try_write({"answer"}) == 6);
  CHECK(s.read_end() == io_end::timed_out);
  s.near().stop_waiting();
  s.near().limit(1s);
  s.far().send("two");
  s.loop.listen();
  CHECK(s.read_end() == io_end::timed_out);
}

TEST_CASE("stream: interrupted between two reads, the second one ends") {
  stream_set s;
  s.far().send("one");
  const auto both = s.loop.finish(read_twice(s.near(), [&s] {
    s.far().send("two");
    s.near().interrupt(false);
  }));
  CHECK(both[0].bytes == "one");
  CHECK(both[1].end == io_end::failed);
}

TEST_CASE("stream: a unix socket is read like any other") {
  support::event_loop loop;
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const support::far_end far(ends[1]);
  tcp_socket socket(loop.context.get_executor());
  socket.assign(asio::ip::tcp::v4(), ends[0]);
  stream near(std::move(socket), loop.wheel, "/run/app.sock");
  far.send("last words");
  far.shut_write();
  loop.settle();
  CHECK(loop.finish(read(near)).bytes == "last words");
  CHECK(loop.finish(read(near)).end == io_end::closed);
}

TEST_CASE("stream: what waits for bytes goes with its loop") {
  const auto alive = std::make_shared<int>(1);
  {
    stream_set s;
    const auto wait = [](std::shared_ptr<int>, stream& from) -> task<ended> {
      ended out = co_await read(from);
      co_return out;
    };
    s.loop.start(wait(alive, s.near()));
    CHECK(alive.use_count() == 2);
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("stream: a limit is for what comes next, and can be lifted or put off") {
  stream_set s;
  s.near().limit(20ms);
  CHECK(s.read_end() == io_end::timed_out);
  s.near().limit(1s);
  s.far().send("late");
  CHECK(s.loop.finish(read(s.near())).bytes == "late");
  s.near().limit(10ms);
  s.near().no_limit();
  const auto waiting = s.loop.start(read(s.near()));
  s.loop.run_for(50ms);
  CHECK_FALSE(waiting->has_value());
  s.far().send("x");
  s.loop.until([&waiting] { return waiting->has_value(); });
}

TEST_CASE("stream: a limit that passes while no read waits is not forgotten") {
  stream_set s;
  s.far().send("one");
  SECTION("nobody reads") {
    s.near().stop_waiting();  // as a limit does
    CHECK(s.read_end() == io_end::timed_out);
    CHECK(s.read_end() == io_end::timed_out);
    s.near().limit(1s);
    CHECK(s.loop.finish(read(s.near())).bytes == "one");
  }
  SECTION("what was read is on its way") {
    const auto both = s.loop.finish(read_twice(s.near(), [&s] { s.near().stop_waiting(); }));
    CHECK(both[0].bytes == "one");
    CHECK(both[1].end == io_end::timed_out);
  }
  SECTION("a connection idles, and what comes is noticed") {
    s.near().stop_waiting();
    s.near().listen();
    s.loop.listen();
    CHECK_FALSE(s.near().undisturbed());
    CHECK(s.read_end() == io_end::timed_out);
    s.near().no_limit();
    CHECK(s.loop.finish(read(s.near())).bytes == "one");
  }
}

TEST_CASE("stream: pieces are written in order without waiting while the socket takes them") {
  stream_set s;
  CHECK(s.near().try_write({"a", "", "bc", "d"}) == std::optional<std::size_t>(4));
  CHECK(s.far().receive() == "abcd");
  CHECK(s.near().try_write({}) == std::optional<std::size_t>(0));
}

TEST_CASE("stream: skip() takes what was written off the front") {
  stream::pieces text{"ab", "cde", "f"};
  CHECK(stream::skip(text, 3) == 3);
  CHECK(text[0].empty());
  CHECK(text[1] == "de");
  CHECK(stream::skip(text, 3) == 0);
}

TEST_CASE("stream: a partial write goes on when the peer reads, byte for byte") {
  stream_set s;
  std::string large(8 << 20, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 >> 4);
  stream::pieces text{std::string_view(large).substr(0, 1000), std::string_view(large).substr(1000, 5 << 20),
                      std::string_view(large).substr(1000 + (5 << 20))};
  const auto sent = s.near().try_write(text);
  REQUIRE(sent);
  REQUIRE(*sent < large.size());
  stream::skip(text, *sent);
  const auto written = s.loop.start(s.near().write(text));
  CHECK_FALSE(written->has_value());
  std::string got;
  s.loop.until([&] {
    got += s.far().receive();
    return got.size() == large.size() && written->has_value();
  });
  CHECK_FALSE(**written);
  CHECK(got == large);
}

TEST_CASE("stream: a peer that does not read is a time-out, one that left is a reset") {
  stream_set s;
  const std::string large(32 << 20, 'x');
  const stream::pieces left = s.fill(large);
  SECTION("limit") {
    s.near().write_limit(pace(20ms));
    CHECK(s.loop.finish(s.near().write(left)) == std::optional(io_end::timed_out));
    // Whoever reads from a peer that takes nothing need not wait, either.
    CHECK(s.near().end_of(asio::error::operation_aborted) == io_end::timed_out);
  }
  SECTION("reset") {
    const auto written = s.loop.start(s.near().write(left));
    s.far().reset();
    s.loop.until([&written] { return written->has_value(); });
    CHECK(**written == std::optional(io_end::reset));
    CHECK_FALSE(s.near().try_write({"x"}));
  }
}

TEST_CASE("stream: a reader that is slow and steady is waited for, one that trickles is not") {
  support::while_often_enough(60ms, [](auto once_more) {
    stream_set s;
    const std::string large(32 << 20, 'x');
    const auto written = s.loop.start(s.near().write(s.fill(large)));
    // A window is shorter than the time until the socket takes bytes again, and longer than what the peer's kernel
    // takes to say that it has room for as much as it announces at once.
    s.near().write_limit(pace(200ms));
    (void)once_more();
    bool often_enough = true;
    for (int i = 0; i < 60 && often_enough; ++i) {
      s.far().receive(32 << 10);
      s.loop.run_for(10ms);
      often_enough = once_more();
    }
    if (!often_enough) return;
    CHECK_FALSE(written->has_value());
    s.loop.until([&] {
      s.far().receive(1);
      return written->has_value();
    });
    CHECK(**written == std::optional(io_end::timed_out));
  });
}

TEST_CASE("stream: reads and writes have limits of their own") {
  stream_set s;
  SECTION("the end of a write does not lift the limit of a read") {
    s.near().limit(30ms);
    const auto reading = s.loop.start(read(s.near()));
    s.near().write_limit(pace(1s));
    CHECK_FALSE(s.loop.finish(s.near().write({"x"})));
    s.near().no_write_limit();
    s.loop.until([&reading] { return reading->has_value(); });
    CHECK((**reading).end == io_end::timed_out);
  }
  SECTION("a read that is late does not end a write") {
    const std::string large(32 << 20, 'x');
    const stream::pieces left = s.fill(large);
    s.near().limit(10ms);
    const auto reading = s.loop.start(read(s.near()));
    const auto written = s.loop.start(s.near().write(left));
    s.loop.until([&reading] { return reading->has_value(); });
    CHECK((**reading).end == io_end::timed_out);
    s.loop.run_for(10ms);
    CHECK_FALSE(written->has_value());
    s.loop.until([&] {
      s.far().receive();
      return written->has_value();
    });
    CHECK_FALSE(**written);
  }
}

TEST_CASE("stream: stop_waiting() ends a read, the next limit() makes reading possible again") {
  stream_set s;
  const auto reading = s.loop.start(read(s.near()));
  s.near().stop_waiting();
  s.loop.until([&reading] { return reading->has_value(); });
  CHECK((**reading).end == io_end::timed_out);
  s.near().limit(1s);
  s.far().send("again");
  CHECK(s.loop.finish(read(s.near())).bytes == "again");
}

TEST_CASE("stream: an interruption stays") {
  for (const bool as_timeout : {false, true}) {
    CAPTURE(as_timeout);
    const io_end expected = as_timeout ? io_end::timed_out : io_end::failed;
    stream_set s;
    const auto reading = s.loop.start(read(s.near()));
    s.near().interrupt(as_timeout);
    s.loop.until([&reading] { return reading->has_value(); });
    CHECK((**reading).end == expected);
    s.near().limit(1s);
    // Not the end that the peer would make: no body is complete because we gave up.
    CHECK(s.read_end() == expected);
    s.near().interrupt(!as_timeout);  // the first reason counts
    s.near().write_limit(pace(1s));
    CHECK(s.loop.finish(s.near().write({"x"})) == std::optional(expected));
    CHECK_FALSE(s.near().quiet());
  }
}

TEST_CASE("stream: an interruption ends a write that waits") {
  stream_set s;
  const std::string large(32 << 20, 'x');
  const auto written = s.loop.start(s.near().write(s.fill(large)));
  CHECK_FALSE(written->has_value());
  s.near().interrupt(false);
  s.loop.until([&written] { return written->has_value(); });
  CHECK(**written == std::optional(io_end::failed));
}

TEST_CASE("stream: quiet() and peer_reset() tell what happened to a connection that nobody reads") {
  stream_set s;
  CHECK(s.near().quiet());
  CHECK_FALSE(s.near().peer_reset());
  SECTION("bytes came") {
    s.far().send("x");
    CHECK_FALSE(s.near().quiet());
    CHECK_FALSE(s.near().peer_reset());
  }
  SECTION("bytes came, and are on their way to who reads") {
    s.far().send("x");
    bool quiet = true;
    s.loop.start(read_twice(s.near(), [&] { quiet = s.near().quiet(); }));
    CHECK_FALSE(quiet);
    CHECK(s.near().quiet());  // the next read waits
  }
  SECTION("a FIN is no reset") {
    s.far().shut_write();
    CHECK_FALSE(s.near().quiet());
    CHECK_FALSE(s.near().peer_reset());
  }
  SECTION("a reset") {
    s.far().reset();
    CHECK_FALSE(s.near().quiet());
    CHECK(s.near().peer_reset());
  }
}

TEST_CASE("stream: three ways to end it") {
  stream_set s;
  SECTION("shut_write: the peer may still send") {
    s.near().shut_write();
    CHECK(s.far().sees_end());
    s.far().send("more");
    CHECK(s.loop.finish(read(s.near())).bytes == "more");
  }
  SECTION("close") {
    s.near().close();
    CHECK_FALSE(s.near().is_open());
    CHECK(s.far().sees_end());
    CHECK_FALSE(s.far().sees_reset());
    CHECK_FALSE(s.near().try_write({"x"}));
  }
  SECTION("abort") {
    s.near().abort();
    CHECK(s.far().sees_reset());
  }
}

}  // namespace sidespan::net::test

// SPDX-License-Identifier: Apache-2.0
#include "net/connector.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <vector>

#include "support/loopback.hpp"

namespace sidespan::net::test {
namespace {

using namespace std::chrono_literals;
using base::fault_code;

destination at_port(std::uint16_t port) { return {tcp_endpoint(asio::ip::make_address("127.0.0.1"), port), {}}; }
destination at_path(const std::string& path) { return {{}, path}; }

std::uint16_t refused_port() {
  const support::listening gone;
  return gone.port();
}

/// A listener whose queue is full, so that connecting to it hangs.
class black_hole {
 public:
  black_hole() : listener_(context_, {asio::ip::make_address("127.0.0.1"), 0}) {
    listener_.listen(0);
    for (asio::ip::tcp::socket& filler : fillers_) {
      filler.open(asio::ip::tcp::v4());
      filler.non_blocking(true);
      const tcp_endpoint where = listener_.local_endpoint();
      ::connect(filler.native_handle(), where.data(), static_cast<socklen_t>(where.size()));
    }
  }
  std::uint16_t port() const { return listener_.local_endpoint().port(); }
  void close() { listener_.close(); }
  /// There is room from now on.
  void accept() {
    for (asio::ip::tcp::socket& each : accepted_) {
      error_code ec;
      listener_.non_blocking(true);
      listener_.accept(each, ec);
    }
  }

 private:
  asio::io_context context_;
  asio::ip::tcp::acceptor listener_;
  std::array<asio::ip::tcp::socket, 3> fillers_{asio::ip::tcp::socket(context_), asio::ip::tcp::socket(context_),
                                                asio::ip::tcp::socket(context_)};
  std::array<asio::ip::tcp::socket, 3> accepted_{asio::ip::tcp::socket(context_), asio::ip::tcp::socket(context_),
                                                 asio::ip::tcp::socket(context_)};
};

/// A unix socket in a folder of its own.
class unix_listener {
 public:
  /// `length`: of the whole path; 0: as it comes.
  explicit unix_listener(std::size_t length = 0) {
    char folder[] = "/tmp/sidespan-unix-XXXXXX";
    REQUIRE(::mkdtemp(folder) != nullptr);
    folder_ = folder;
    if (length != 0) name_.resize(length - folder_.size() - 1, 's');
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::strcpy(where.sun_path, path().c_str());
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
    REQUIRE(::listen(fd_, 4) == 0);
  }
  ~unix_listener() {
    ::close(fd_);
    ::unlink(path().c_str());
    ::rmdir(folder_.c_str());
  }
  std::string path() const { return folder_ + "/" + name_; }
  int accept() const { return ::accept(fd_, nullptr, nullptr); }

 private:
  std::string folder_;
  std::string name_ = "s";
  int fd_ = -1;
};

struct connecting {
  support::event_loop loop;
  connector to{loop.context, loop.wheel};

  connector::outcome any(std::vector<destination> places, std::chrono::milliseconds limit = 4s) {
    return loop.finish(to.connect_any(std::move(places), limit));
  }
};

using indexes = std::vector<std::size_t>;

task<std::size_t> read(stream& from, std::span<char> room, error_code& ec) {
  const std::size_t got = co_await from.read_some(room, ec);
  co_return got;
}

/// Once `first` has something to read: `second` goes, and the connector's socket takes its place with the reactor.
task<connector::outcome> connect_in_place_of(stream& second, stream& first, connector& to, std::uint16_t port) {
  std::array<char, 8> room{};
  error_code ec;
  (void)co_await first.read_some(room, ec);
  second.close();
  std::vector<destination> where(1, at_port(port));
  auto out = co_await to.connect_any(std::move(where), 50ms);
  co_return out;
}

}  // namespace

TEST_CASE("connector: what was meant for a socket that has gone says nothing of one that connects") {
  connecting c;
  const black_hole silent;
  auto first = support::connected(c.loop);
  auto second = support::connected(c.loop);
  const auto out = c.loop.start(connect_in_place_of(*second.near, *first.near, c.to, silent.port()));
  first.far.send("now");
  second.far.reset();
  c.loop.until([&out] { return out->has_value(); });  // both are told of in the same turn
  CHECK_FALSE((**out).stream);
  CHECK((**out).why.code() == fault_code::connection_timeout);
}

TEST_CASE("connector: the next place is tried when one refuses") {
  connecting c;
  const support::listening at;
  const auto out = c.any({at_port(refused_port()), at_path("/nobody/there"), at_port(at.port())});
  REQUIRE(out.stream);
  CHECK(out.winner == 2);
  CHECK(out.failed == indexes{0, 1});
  CHECK(out.stream->peer().port() == at.port());
}

TEST_CASE("connector: a refusal costs the next place no time") {
  connecting c;
  const support::listening at;
  constexpr std::chrono::milliseconds limit = 4s;
  std::vector<destination> places(2 * (limit / connector::stagger), at_port(refused_port()));
  places.push_back(at_port(at.port()));
  CHECK(c.any(std::move(places), limit).stream);
}

TEST_CASE("connector: a place that does not answer does not use up the time of the next one (RFC 8305 5)") {
  connecting c;
  const black_hole silent;
  const support::listening at;
  const auto began = std::chrono::steady_clock::now();
  const auto out = c.any({at_port(silent.port()), at_port(at.port())});
  const auto took = std::chrono::steady_clock::now() - began;
  REQUIRE(out.stream);
  CHECK(out.winner == 1);
  CHECK(out.failed == indexes{0});
  CHECK(took >= connector::stagger);
  CHECK(took < 3s);
}

TEST_CASE("connector: who lost is given up") {
  connecting c;
  const black_hole silent;
  const support::listening at;
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto before = open_files();
  const auto out = c.any({at_port(silent.port()), at_port(at.port())});
  REQUIRE(out.stream);
  CHECK(open_files() == before + 1);
}

TEST_CASE("connector: nobody answers in time") {
  connecting c;
  const black_hole one, two;
  const auto out = c.any({at_port(one.port()), at_port(two.port())}, 1s);
  CHECK_FALSE(out.stream);
  CHECK(out.why.code() == fault_code::connection_timeout);
  CHECK(out.failed == indexes{0, 1});
}

TEST_CASE("connector: a place that answers late is waited for") {
  connecting c;
  black_hole slow;
  const auto out = c.loop.start(c.to.connect_any({at_port(slow.port())}, 10s));
  CHECK_FALSE(out->has_value());
  slow.accept();
  c.loop.until([&out] { return out->has_value(); });  // the kernel tries once more after a second
  REQUIRE((**out).stream);
  CHECK((**out).stream->peer().port() == slow.port());
}

TEST_CASE("connector: a place that refuses late has refused") {
  connecting c;
  black_hole gone;
  const auto out = c.loop.start(c.to.connect_any({at_port(gone.port())}, 10s));
  CHECK_FALSE(out->has_value());
  gone.close();
  c.loop.until([&out] { return out->has_value(); });  // the same
  CHECK_FALSE((**out).stream);
  CHECK((**out).why.code() == fault_code::connection_refused);
}

TEST_CASE("connector: what is on this host is looked after once it is connected") {
  connecting c;
  const support::listening at;
  error_code ec;
  std::vector<destination> places{at_port(at.port())};
  if (GENERATE(false, true)) places.push_back(at_port(at.port()));
  const auto out = c.any(std::move(places));
  REQUIRE(out.stream);
  asio::socket_base::keep_alive looked_for;
  out.stream->socket().get_option(looked_for, ec);
  CHECK(looked_for.value());
}

TEST_CASE("connector: everybody refuses") {
  connecting c;
  const auto out = c.any({at_port(refused_port()), at_port(refused_port())});
  CHECK_FALSE(out.stream);
  CHECK(out.why.code() == fault_code::connection_refused);
  CHECK(out.failed == indexes{0, 1});
}

TEST_CASE("connector: one place is waited for as long as allowed") {
  connecting c;
  const black_hole silent;
  const auto out = c.any({at_port(silent.port())}, 50ms);
  CHECK_FALSE(out.stream);
  CHECK(out.why.code() == fault_code::connection_timeout);
}

TEST_CASE("connector: a unix socket carries bytes like any other") {
  connecting c;
  const unix_listener at;
  auto out = c.any({at_path(at.path())});
  REQUIRE(out.stream);
  CHECK(out.stream->peer_address() == at.path());
  CHECK(out.stream->peer().port() == 0);
  CHECK(out.stream->quiet());
  const int far = at.accept();
  REQUIRE(out.stream->try_write({"hello"}) == std::size_t{5});
  std::array<char, 16> text{};
  CHECK(::read(far, text.data(), text.size()) == 5);
  CHECK(std::string_view(text.data(), 5) == "hello");
  REQUIRE(::write(far, "you", 3) == 3);
  error_code ec;
  CHECK(c.loop.finish(read(*out.stream, text, ec)) == 3);
  ::close(far);
  CHECK(c.loop.finish(read(*out.stream, text, ec)) == 0);
  CHECK(out.stream->end_of(ec) == io_end::closed);
}

TEST_CASE("connector: a unix socket that is not there, or has too long a name") {
  connecting c;
  CHECK(c.any({at_path("/nobody/there")}).why.code() == fault_code::connection_refused);
  CHECK_FALSE(c.any({at_path("/" + std::string(200, 'x'))}).stream);
  const unix_listener longest(sizeof(sockaddr_un::sun_path) - 1);
  CHECK(c.any({at_path(longest.path())}).stream);
  CHECK_FALSE(c.any({at_path(longest.path() + "x")}).stream);
}

TEST_CASE("connector: stop() ends a race, and a try of one") {
  connecting c;
  const black_hole one, two;
  std::vector<destination> places{at_port(one.port())};
  if (GENERATE(true, false)) places.push_back(at_port(two.port()));
  const auto racing = c.loop.start(c.to.connect_any(std::move(places), 1h));
  c.loop.settle();
  c.to.stop();
  c.loop.until([&] { return racing->has_value(); });
  CHECK_FALSE((*racing)->stream);
}

TEST_CASE("connector: a unix socket whose queue is full refuses") {
  connecting c;
  const unix_listener at;
  std::vector<std::unique_ptr<stream>> callers;
  auto out = c.any({at_path(at.path())});
  while (out.stream && callers.size() < 100) {
    callers.push_back(std::move(out.stream));
    out = c.any({at_path(at.path())});
  }
  CHECK_FALSE(callers.empty());
  CHECK_FALSE(out.stream);
  CHECK(out.why.code() == fault_code::connection_refused);
}

namespace {

base::result<addresses> two_addresses(const std::string&) {
  return addresses{asio::ip::make_address("127.0.0.2"), asio::ip::make_address("127.0.0.1")};
}

/// Names that have two addresses, of which at first only the second one answers.
struct naming {
  support::event_loop loop;
  connector to{loop.context, loop.wheel, resolver::ways(&two_addresses)};
  support::listening at;
  asio::ip::tcp::acceptor first{loop.context};

  std::string connected(const std::string& host) {
    const auto made = loop.finish(to.connect(host, at.port(), 4s));
    return made ? (*made)->peer().address().to_string() : "nobody";
  }
  void first_answers() {
    first.open(asio::ip::tcp::v4());
    first.bind({asio::ip::make_address("127.0.0.2"), at.port()});
    first.listen();
  }
};

}  // namespace

TEST_CASE("connector: of a name the address that worked last is tried first") {
  naming n;
  CHECK(n.connected("a.test") == "127.0.0.1");
  n.first_answers();
  CHECK(n.connected("a.test") == "127.0.0.1");
  CHECK(n.connected("b.test") == "127.0.0.2");
  SECTION("until very many others worked") {
    for (int i = 0; i < 1024; ++i) (void)n.connected("x" + std::to_string(i) + ".test");
    CHECK(n.connected("a.test") == "127.0.0.2");
  }
}

TEST_CASE("connector: connects, and says whose fault it is when it cannot") {
  support::event_loop loop;
  connector to(loop.context, loop.wheel);
  std::uint16_t port = 0;
  {
    const support::listening at;
    port = at.port();
    const auto made = loop.finish(to.connect("127.0.0.1", port, 1s));
    REQUIRE(made);
    CHECK((*made)->peer().port() == port);
  }
  const auto refused = loop.finish(to.connect("127.0.0.1", port, 1s));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == fault_code::connection_refused);
  CHECK(refused.error().side() == base::side::upstream);
}

TEST_CASE("connector: after stop() nothing is connected any more") {
  support::event_loop loop;
  connector to(loop.context, loop.wheel);
  const support::listening at;
  to.stop();
  CHECK_FALSE(loop.finish(to.connect("127.0.0.1", at.port(), 1s)));
}

}  // namespace sidespan::net::test

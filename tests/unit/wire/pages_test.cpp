// SPDX-License-Identifier: Apache-2.0

#include "wire/pages.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <future>
#include <thread>

namespace sidespan::wire::test {
namespace {

// A page server with its own loop; answers by path.
class site {
 public:
  explicit site(page_settings settings = loopback())
      : server_(loop_, std::move(settings), [this](const page_request& request) { return answer(request); }) {
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~site() {
    stop();
    loop_.stop();
    thread_.join();
  }

  static page_settings loopback() {
    page_settings settings;
    settings.max_body_bytes = 100;
    settings.keep_alive_interval = std::chrono::milliseconds(20);
    return settings;
  }

  std::uint16_t port() const { return server_.port(); }
  std::string authority() const { return server_.authority(); }
  void stop() {
    run([this] { server_.stop(); });
  }
  // Runs on the server's thread and waits for it.
  void run(std::function<void()> work) {
    std::promise<void> done;
    boost::asio::post(loop_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  std::shared_ptr<page_stream> stream() {
    std::shared_ptr<page_stream> found;
    run([&] { found = stream_; });
    return found;
  }

 private:
  page_response answer(const page_request& request) {
    page_response response;
    if (request.path == "/echo") {
      response.body = request.method + " [" + std::string(request.query_value("q")) + "] [" + request.body + "] [" +
                      std::string(request.header("x-thing")) + "]";
    } else if (request.path == "/stream") {
      response.stream = stream_ = std::make_shared<page_stream>("tick\n", 1000);
    } else if (request.path == "/throw") {
      throw std::runtime_error("broken");
    } else if (request.path == "/unchanged") {
      response.status = 304;
    } else if (request.path == "/headers") {
      response.headers = {{"X-Good", "yes"}, {"X-Bad", "a\r\nX-Injected: b"}, {"Cache-Control", "max-age=1"}};
    } else {
      response.status = 404;
      response.body = "nothing here";
    }
    return response;
  }

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_{loop_.get_executor()};
  std::shared_ptr<page_stream> stream_;
  page_server server_;
  std::thread thread_;
};

// A blocking client; every read gives up after five seconds.
class plain_client {
 public:
  explicit plain_client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{5, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~plain_client() { ::close(socket_); }
  plain_client(const plain_client&) = delete;
  plain_client& operator=(const plain_client&) = delete;

  void send(const std::string& text) { ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }

  // What came since the last call, up to and including `word`; everything to the end when the word never comes.
  std::string read_until(const std::string& word) {
    std::size_t at = 0;
    while (word.empty() || (at = buffer_.find(word)) == buffer_.npos) {
      char piece[4096];
      const ssize_t size = ::recv(socket_, piece, sizeof piece, 0);
      if (size <= 0) {
        ended_ = size == 0;
        return std::exchange(buffer_, {});
      }
      buffer_.append(piece, static_cast<std::size_t>(size));
    }
    std::string out = buffer_.substr(0, at + word.size());
    buffer_.erase(0, out.size());
    return out;
  }
  std::string rest() { return read_until(""); }
  bool ended() const { return ended_; }

 private:
  int socket_;
  std::string buffer_;
  bool ended_ = false;
};

std::string ask(const site& server, const std::string& text) {
  plain_client client(server.port());
  client.send(text);
  return client.rest();
}

std::string get(const site& server, const std::string& target, const std::string& extra = "Host: localhost\r\n") {
  return ask(server, "GET " + target + " HTTP/1.1\r\nConnection: close\r\n" + extra + "\r\n");
}

}  // namespace

TEST_CASE("pages: a request reaches the owner decoded, and its answer the client") {
  const site server;
  const std::string seen = get(server, "/ec%68o?a=1&q=x%20y+z", "Host: localhost\r\nX-Thing: 7\r\n");
  CHECK_THAT(seen, Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
  CHECK_THAT(seen, Catch::EndsWith("\r\n\r\nGET [x y z] [] [7]"));
  CHECK_THAT(seen, Catch::Contains("Content-Security-Policy: default-src 'self'"));
  CHECK_THAT(seen, Catch::Contains("X-Content-Type-Options: nosniff"));
  CHECK_THAT(seen, Catch::Contains("Cache-Control: no-store"));
}

TEST_CASE("pages: several requests on one connection, also pipelined") {
  const site server;
  plain_client client(server.port());
  const std::string one = "GET /echo?q=1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.send(one + one);
  CHECK_THAT(client.read_until("[1] [] []"), Catch::Contains("200 OK"));
  CHECK_THAT(client.read_until("[1] [] []"), Catch::Contains("200 OK"));
  client.send(one);
  CHECK_THAT(client.read_until("[1] [] []"), Catch::Contains("200 OK"));
}

TEST_CASE("pages: HTTP/1.0 closes, and a body of a POST is read") {
  const site server;
  CHECK_THAT(ask(server, "GET /echo HTTP/1.0\r\n\r\n"), Catch::Contains("403"));  // no Host to trust
  CHECK_THAT(ask(server, "GET /echo HTTP/1.0\r\nHost: localhost\r\n\r\n"), Catch::EndsWith("GET [] [] []"));
  CHECK_THAT(ask(server, "POST /echo HTTP/1.0\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"),
             Catch::EndsWith("POST [] [abc] []"));
}

TEST_CASE("pages: HEAD has the length and no body") {
  const site server;
  const std::string seen = ask(server, "HEAD /echo?q=12 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK_THAT(seen, Catch::Contains("Content-Length: 14\r\n"));
  CHECK_THAT(seen, Catch::EndsWith("\r\n\r\n"));
}

TEST_CASE("pages: a 304 has neither body nor length") {
  const site server;
  const std::string seen = get(server, "/unchanged");
  CHECK_THAT(seen,
             Catch::Contains("304 Not Modified") && Catch::EndsWith("\r\n\r\n") && !Catch::Contains("Content-Length"));
}

TEST_CASE("pages: an owner's header cannot break the head") {
  const site server;
  const std::string seen = get(server, "/headers");
  CHECK_THAT(seen, Catch::Contains("X-Good: yes") && Catch::Contains("Cache-Control: max-age=1"));
  CHECK_THAT(seen, !Catch::Contains("X-Injected") && !Catch::Contains("no-store"));
}

TEST_CASE("pages: an exception of the owner is a 500, and the server goes on") {
  const site server;
  CHECK_THAT(get(server, "/throw"), Catch::Contains("500") && Catch::Contains("broken"));
  CHECK_THAT(get(server, "/echo"), Catch::Contains("200 OK"));
}

TEST_CASE("pages: what is not a request gets a 4xx and the connection ends") {
  const site server;
  const auto [text, status] = GENERATE(table<std::string, std::string>({
      {"nonsense\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},                                             // no Host
      {"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "400"},       // two
      {"GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "400"},  // broken escape
      {"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", "431"},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 101\r\n\r\n", "413"},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},  // TLS
  }));
  INFO(text.substr(0, 60));
  const std::string seen =
      text.find("Connection: close") != text.npos || status != "400" || text[0] != 'G' ? ask(server, text) : [&] {
        plain_client client(server.port());
        client.send(text);
        return client.read_until("\r\n\r\n");
      }();
  CHECK_THAT(seen, Catch::StartsWith("HTTP/1.1 " + status));
}

TEST_CASE("pages: a request that never ends loses its connection") {
  page_settings settings = site::loopback();
  settings.request_timeout = std::chrono::milliseconds(50);
  const site server(settings);
  for (const char* text :
       {"GET /echo HTTP/1.1\r\nHost: loc", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab"}) {
    plain_client client(server.port());
    client.send(text);
    CHECK(client.rest().empty());
    CHECK(client.ended());
  }
}

TEST_CASE("pages: an idle connection is closed without a word") {
  page_settings settings = site::loopback();
  settings.idle_timeout = std::chrono::milliseconds(50);
  const site server(settings);
  plain_client client(server.port());
  CHECK(client.rest().empty());
  CHECK(client.ended());
}

TEST_CASE("pages: connections beyond the limit get a 503") {
  page_settings settings = site::loopback();
  settings.max_connections = 2;
  const site server(settings);
  plain_client first(server.port());
  plain_client second(server.port());
  first.send("GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  first.read_until("[] [] []");
  second.send("GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  second.read_until("[] [] []");
  plain_client third(server.port());
  CHECK_THAT(third.rest(), Catch::Contains("503"));
}

TEST_CASE("pages: a stream sends pieces as they come and its keep-alive in between") {
  site server;
  plain_client client(server.port());
  client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK_THAT(client.read_until("\r\n\r\n"), Catch::Contains("chunked"));
  CHECK(client.read_until("tick\n\r\n") == "5\r\ntick\n\r\n");
  const auto stream = server.stream();
  server.run([&] { CHECK(stream->send("event")); });
  CHECK_THAT(client.read_until("event\r\n"), Catch::EndsWith("5\r\nevent\r\n"));
  server.run([&] { stream->close(); });
  CHECK_THAT(client.read_until("0\r\n\r\n"), Catch::EndsWith("0\r\n\r\n"));
  client.send("GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK_THAT(client.read_until("[] [] []"), Catch::Contains("200 OK"));
}

TEST_CASE("pages: a stream notices that its reader left, and a reader that falls behind is cut off") {
  site server;
  SECTION("left") {
    std::shared_ptr<page_stream> stream;
    {
      plain_client client(server.port());
      client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
      client.read_until("tick");
      stream = server.stream();
    }
    bool closed = false;
    for (int i = 0; i < 500 && !closed; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      server.run([&] { closed = stream->closed(); });
    }
    CHECK(closed);
  }
  SECTION("behind") {
    plain_client client(server.port());
    client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.read_until("tick");
    const auto stream = server.stream();
    server.run([&] {
      CHECK(stream->send(std::string(600, 'a')));
      CHECK_FALSE(stream->send(std::string(600, 'b')));
      CHECK(stream->closed());
      CHECK_FALSE(stream->send("c"));
    });
    CHECK_THAT(client.read_until("0\r\n\r\n"), Catch::Contains("aaa") && !Catch::Contains("b"));
  }
}

TEST_CASE("pages: stop ends idle connections and streams, and refuses new ones") {
  site server;
  plain_client idle(server.port());
  idle.send("GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  idle.read_until("[] [] []");
  plain_client streaming(server.port());
  streaming.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  streaming.read_until("tick");
  server.stop();
  idle.rest();
  CHECK(idle.ended());
  CHECK_THAT(streaming.rest(), Catch::EndsWith("0\r\n\r\n"));
  CHECK(streaming.ended());
}

TEST_CASE("pages: the chosen port is readable, and an address in use is a clear error") {
  const site server;
  CHECK(server.port() != 0);
  CHECK(server.authority() == "127.0.0.1:" + std::to_string(server.port()));
  boost::asio::io_context loop;
  page_settings same;
  same.port = server.port();
  CHECK_THROWS_WITH(page_server(loop, same, {}), Catch::Contains(server.authority()) && Catch::Contains("in use"));
  same.address = "not-an-address";
  CHECK_THROWS_WITH(page_server(loop, same, {}), Catch::Contains("not-an-address"));
}

TEST_CASE("pages: the Host check lets loopback names, addresses and chosen names pass") {
  page_settings settings;
  settings.address = "viewer.internal";
  settings.allowed_hosts = {"traces.example"};
  const auto [host, allowed] = GENERATE(table<std::string, bool>({
      {"localhost", true},
      {"localhost:7180", true},
      {"LOCALHOST", true},
      {"localhost.", true},
      {"x.localhost:1", true},
      {"127.0.0.1", true},
      {"127.0.0.1:7180", true},
      {"[::1]:7180", true},
      {"[::1]", true},
      {"10.1.2.3:80", true},
      {"viewer.internal:7180", true},
      {"traces.example", true},
      {"Traces.Example:7180", true},
      {"", false},
      {"evil.example", false},
      {"evil.example:7180", false},
      {"localhost.evil.example", false},
      {"notlocalhost", false},
      {"127.0.0.1.evil.example", false},
      {"localhost:abc", false},
      {"localhost:7180:1", false},
      {"[::1", false},
      {"[::1]x", false},
      {".localhost", false},
      {"1", false},
      {"0x7f.1", false},
      {"localhost@evil.example", false},
  }));
  INFO(host);
  CHECK(page_host_allowed(host, settings) == allowed);
}

TEST_CASE("pages: a foreign Host or Origin is refused unless the owner wants it otherwise") {
  const site strict;
  CHECK_THAT(get(strict, "/echo", "Host: evil.example\r\n"), Catch::Contains("403"));
  const std::string own = "Host: localhost:1\r\nOrigin: http://localhost:1\r\n";
  CHECK_THAT(get(strict, "/echo", own), Catch::Contains("200"));
  CHECK_THAT(get(strict, "/echo", "Host: localhost:1\r\nOrigin: http://localhost:2\r\n"), Catch::Contains("403"));
  CHECK_THAT(get(strict, "/echo", "Host: localhost:1\r\nOrigin: null\r\n"), Catch::Contains("403"));
  page_settings open = site::loopback();
  open.check_host = false;
  const site lax(open);
  CHECK_THAT(get(lax, "/echo", "Host: metrics.cluster.example\r\n"), Catch::Contains("200"));
}

TEST_CASE("pages: targets are split and decoded") {
  page_request request;
  REQUIRE(parse_page_target("/a%2Fb/c?x=1&&y&z=%3D%26&x=2", request));
  CHECK(request.path == "/a/b/c");
  REQUIRE(request.query.size() == 4);
  CHECK(request.query_value("x") == "1");
  CHECK(request.query_value("y").empty());
  CHECK(request.query_value("z") == "=&");
  page_request bad;
  for (const char* target : {"", "*", "a", "/%", "/%4", "/%gg", "/?a=%", "http://h/"})
    CHECK_FALSE(parse_page_target(target, bad));
}

}  // namespace sidespan::wire::test

// SPDX-License-Identifier: Apache-2.0
//
// The admin page over a real socket, on one thread: statuses, types and who may ask are what probes and scrapers have.
#include "admin/pages.hpp"

#include <arpa/inet.h>

#include <catch2/catch.hpp>

#include <string>

#include "support/loopback.hpp"

namespace sidespan::admin {
namespace {

struct response {
  int status = 0;
  std::string head;
  std::string body;
};

/// A page whose views are what the test says.
class site {
 public:
  explicit site(const settings& where = {"127.0.0.1", 0}) : shown_(loop_.context, where, views_of()) {}

  bool alive = true;
  bool ready = true;
  int scrapes = 0;

  std::uint16_t port() const { return shown_.port(); }
  response ask(const std::string& method, const std::string& target, const std::string& host = "localhost",
               const char* address = "127.0.0.1") {
    const support::far_end caller(connect_to(address));
    caller.send(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    std::string text;
    loop_.until([&] {
      text += caller.receive();
      return caller.sees_end();
    });
    const std::size_t end = text.find("\r\n\r\n");
    REQUIRE(end != std::string::npos);
    return {std::stoi(text.substr(9, 3)), text.substr(0, end + 2), text.substr(end + 4)};
  }

 private:
  views views_of() {
    views out;
    out.alive = [this] { return alive; };
    out.ready = [this] { return ready; };
    out.metrics = [this] { return "scrapes " + std::to_string(++scrapes) + "\n"; };
    out.build = [] { return std::string("{\"version\": \"1\"}"); };
    return out;
  }
  int connect_to(const char* address) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port());
    ::inet_pton(AF_INET, address, &where.sin_addr);
    REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
    return fd;
  }

  support::event_loop loop_;
  pages shown_;
};

}  // namespace

TEST_CASE("admin: live, ready, healthy, each with the verdict of its own") {
  const struct {
    bool alive, ready;
    int livez, readyz, healthz;
  } rows[] = {{true, true, 200, 200, 200},
              {true, false, 200, 503, 503},  // starting, or draining
              {false, true, 503, 200, 503},
              {false, false, 503, 503, 503}};
  site page;
  for (const auto& row : rows) {
    INFO(row.alive << row.ready);
    page.alive = row.alive;
    page.ready = row.ready;
    CHECK(page.ask("GET", "/livez").status == row.livez);
    CHECK(page.ask("GET", "/readyz").status == row.readyz);
    CHECK(page.ask("GET", "/healthz").status == row.healthz);
  }
}

TEST_CASE("admin: every page has its type, and is made anew for each request") {
  site page;
  const response metrics = page.ask("GET", "/metrics");
  CHECK(metrics.status == 200);
  CHECK_THAT(metrics.head, Catch::Contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  CHECK(metrics.body == "scrapes 1\n");
  CHECK(page.ask("GET", "/metrics?x=1").body == "scrapes 2\n");
  const response build = page.ask("GET", "/build");
  CHECK_THAT(build.head, Catch::Contains("Content-Type: application/json\r\n"));
  CHECK(build.body == "{\"version\": \"1\"}");
  CHECK_THAT(page.ask("GET", "/livez").head, Catch::Contains("Content-Type: text/plain"));
}

TEST_CASE("admin: the first page links to pages that exist") {
  site page;
  const response first = page.ask("GET", "/");
  CHECK(first.status == 200);
  CHECK_THAT(first.head, Catch::Contains("Content-Type: text/html"));
  const std::string link = "href=\"";
  int links = 0;
  for (std::size_t at = first.body.find(link); at != std::string::npos; at = first.body.find(link, at + 1)) {
    const std::size_t begin = at + link.size();
    const std::string target = first.body.substr(begin, first.body.find('"', begin) - begin);
    INFO(target);
    CHECK(page.ask("GET", target).status == 200);
    ++links;
  }
  CHECK(links == 5);
}

TEST_CASE("admin: nothing can be changed, and what does not exist is 404") {
  site page;
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    INFO(method);
    CHECK(page.ask(method, "/readyz").status == 405);
  }
  const response head = page.ask("HEAD", "/readyz");
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  for (const char* target : {"/nothing", "/livez/", "/metrics/x", "/LIVEZ"}) {
    INFO(target);
    CHECK(page.ask("GET", target).status == 404);
  }
}

TEST_CASE("admin: probes and scrapers come by names that nobody told us") {
  site page;
  for (const char* host : {"10.1.2.3:7190", "cart-0.cart.shop.svc:7190", "cart"}) {
    INFO(host);
    CHECK(page.ask("GET", "/readyz", host).status == 200);
  }
}

TEST_CASE("admin: it is where the settings say") {
  CHECK(site({"0.0.0.0", 0}).ask("GET", "/livez", "localhost", "127.0.0.2").status == 200);
  const std::uint16_t port = support::listening().port();  // free again
  site page({"127.0.0.1", port});
  CHECK(page.port() == port);
  CHECK(page.ask("GET", "/livez").status == 200);
}

}  // namespace sidespan::admin

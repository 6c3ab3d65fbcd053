// SPDX-License-Identifier: Apache-2.0
#include "forward/networks.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace sidespan::forward::test {
namespace {

networks of(std::initializer_list<const char*> texts) {
  networks out;
  for (const char* each : texts) REQUIRE(out.add(each));
  return out;
}

}  // namespace

TEST_CASE("networks: hold the addresses that share their prefix") {
  const networks some = of({"10.0.0.0/8", "192.0.2.7", "198.51.100.64/26", "fd00::/8", "2001:db8::1"});
  for (const char* inside : {"10.0.0.0", "10.255.255.255", "192.0.2.7", "198.51.100.64", "198.51.100.127", "fd00::1",
                             "fdff:ffff::", "2001:db8:0::1", "::ffff:10.0.0.1", "fd00::1%eth0"}) {
    INFO(inside);
    CHECK(some.contain(inside));
  }
  for (const char* outside : {"11.0.0.0", "9.255.255.255", "192.0.2.6", "192.0.2.8", "198.51.100.63", "198.51.100.128",
                              "fe00::1", "2001:db8::2", "::ffff:11.0.0.1", "::10.0.0.1", "::", "0.0.0.0"}) {
    INFO(outside);
    CHECK_FALSE(some.contain(outside));
  }
}

TEST_CASE("networks: a prefix of nothing holds its own kind of addresses") {
  CHECK(of({"0.0.0.0/0"}).contain("203.0.113.9"));
  CHECK_FALSE(of({"0.0.0.0/0"}).contain("::1"));
  CHECK(of({"::/0"}).contain("::1"));
  CHECK_FALSE(of({"::/0"}).contain("203.0.113.9"));
}

TEST_CASE("networks: IPv4 written as IPv6 is IPv4") {
  CHECK(of({"::ffff:127.0.0.0/104"}).contain("127.9.9.9"));
  CHECK_FALSE(of({"::ffff:127.0.0.0/104"}).contain("128.0.0.1"));
  CHECK(of({"::ffff:192.0.2.7"}).contain("192.0.2.7"));
  CHECK_FALSE(of({"::/95"}).contain("192.0.2.7"));
}

TEST_CASE("networks: bits behind the prefix do not matter") { CHECK(of({"10.1.2.3/8"}).contain("10.9.9.9")); }

TEST_CASE("networks: none hold nothing, and what is no address is nowhere") {
  CHECK_FALSE(networks().contain("10.0.0.1"));
  for (const char* text : {"", "10.0.0", "10.0.0.1:80", "[::1]", "unknown", "/run/app.sock"}) {
    INFO(text);
    CHECK_FALSE(of({"0.0.0.0/0", "::/0"}).contain(text));
  }
}

TEST_CASE("networks: what is neither an address nor a network is refused") {
  for (const char* text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0/8", "::/129", "::1/x", "localhost",
        "10.0.0.0 /8", "fd00::/8 ", "1234567890123456789012345678901234567890123456789"}) {
    INFO(text);
    CHECK_FALSE(networks().add(text));
  }
}

}  // namespace sidespan::forward::test

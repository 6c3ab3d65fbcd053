// SPDX-License-Identifier: Apache-2.0
#include "trace/tracestate.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace sidespan;

namespace {

struct vector {
  const char* rule;
  std::vector<std::string> lines;
  std::string out;
};

std::string joined(const std::vector<std::string>& lines, std::size_t limit = trace::tracestate::max_size) {
  trace::tracestate list;
  for (const std::string& line : lines) list.add_line(line);
  return list.join(limit);
}

std::string members(int from, int to, const std::string& value = "1") {
  std::string out;
  for (int i = from; i <= to; ++i) out += (out.empty() ? "k" : ",k") + std::to_string(i) + "=" + value;
  return out;
}

const std::string all_value =
    " !\"#$%&'()*+-./0123456789:;<>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

}  // namespace

TEST_CASE("tracestate: vectors of specs §1.4") {
  const std::string key256(256, 'z');
  const std::string value256(256, 'v');
  const auto row = GENERATE_COPY(values<vector>({
      {"nothing", {}, ""},
      {"TC-32 lines in order", {"foo=1,bar=2", "rojo=1,congo=2"}, "foo=1,bar=2,rojo=1,congo=2"},
      {"TC-32 three lines", {"c=3", "a=1", "b=2"}, "c=3,a=1,b=2"},
      {"TC-33 empty line", {""}, ""},
      {"TC-33 empty line before", {"", "foo=1"}, "foo=1"},
      {"TC-33 empty line after", {"foo=1", ""}, "foo=1"},
      {"TC-33 OWS around members", {"foo=1 \t , \t bar=2, \t baz=3"}, "foo=1,bar=2,baz=3"},
      {"TC-33 leading tab", {"\tfoo=1"}, "foo=1"},
      {"TC-33 trailing tab", {"foo=1\t"}, "foo=1"},
      {"TC-33 both", {"\t foo=1 \t"}, "foo=1"},
      {"TC-33 empty members", {",,foo=1,, ,\t,bar=2,"}, "foo=1,bar=2"},
      {"TC-33 only commas", {" , ,\t"}, ""},
      {"TC-34 digit first", {"0foo=1"}, "0foo=1"},
      {"TC-34 all characters",
       {"abcdefghijklmnopqrstuvwxyz0123456789_-*/@=1"},
       "abcdefghijklmnopqrstuvwxyz0123456789_-*/@=1"},
      {"TC-34 @ anywhere but first", {"foo@=1,foo@@bar=1,a@b@c=1,t@v=2"}, "foo@=1,foo@@bar=1,a@b@c=1,t@v=2"},
      {"TC-34 long tenant and system",
       {std::string(242, 't') + "@" + std::string(13, 'v') + "=1"},
       std::string(242, 't') + "@" + std::string(13, 'v') + "=1"},
      {"TC-34 one character", {"a=1"}, "a=1"},
      {"TC-34 256 characters", {key256 + "=1"}, key256 + "=1"},
      {"TC-34 257 characters", {key256 + "z=1,foo=1"}, ""},
      {"TC-34 first _", {"_foo=1"}, ""},
      {"TC-34 first -", {"-foo=1"}, ""},
      {"TC-34 first *", {"*foo=1"}, ""},
      {"TC-34 first /", {"/foo=1"}, ""},
      {"TC-35 all characters", {"foo=" + all_value}, "foo=" + all_value},
      {"TC-35 leading blanks stay", {"foo=  bar"}, "foo=  bar"},
      {"TC-35 trailing blanks go", {"foo= bar  ,a=b"}, "foo= bar,a=b"},
      {"TC-35 256 characters", {"k=" + value256}, "k=" + value256},
      {"TC-35 257 characters", {"k=" + value256 + "v,foo=1"}, ""},
      {"TC-35 256 after trimming", {"k=" + value256 + " "}, "k=" + value256},
      {"TC-35 blanks only", {"foo=   ,bar=3"}, ""},
      {"TC-35 tab inside", {"foo=a\tb"}, ""},
      {"TC-35 DEL", {"foo=a\x7f"}, ""},
      {"TC-35 control", {std::string("foo=a\x01")}, ""},
      {"TC-35 not ASCII", {"foo=\xc3\xa9"}, ""},
      {"TC-35 NUL", {std::string("foo=a\0b", 7)}, ""},
      {"TC-36 blank before =", {"foo =1"}, ""},
      {"TC-36 upper case", {"FOO=1"}, ""},
      {"TC-36 upper case inside", {"fOo=1"}, ""},
      {"TC-36 dot", {"foo.bar=1"}, ""},
      {"TC-36 first @", {"@foo=1,bar=2"}, ""},
      {"TC-36 only @", {"@=1,bar=2"}, ""},
      {"TC-36 two =", {"foo=bar=baz"}, ""},
      {"TC-36 no value", {"foo=,bar=3"}, ""},
      {"TC-36 no key", {"=1,bar=3"}, ""},
      {"TC-36 no =", {"foo,bar=3"}, ""},
      {"TC-36 bad last member", {"foo=1,bar=2,BAZ=3"}, ""},
      {"TC-36 bad second line", {"foo=1", "BAR=2"}, ""},
      {"TC-36 good line after a bad one", {"FOO=1", "bar=2"}, ""},
      {"TC-37 32 members", {members(1, 32)}, members(1, 32)},
      {"TC-37 32 members, several lines", {members(1, 16), members(17, 32)}, members(1, 32)},
      {"TC-37 33 members", {members(1, 33)}, ""},
      {"TC-37 33 members, several lines", {members(1, 32), members(33, 33)}, ""},
      {"TC-37 empty ones do not count", {members(1, 31) + ",,, ,", "", members(32, 32)}, members(1, 32)},
      {"TC-37 duplicates count", {members(1, 32) + ",k1=2"}, ""},
      {"TC-37 duplicates count, also when few are kept", {members(1, 31) + ",k1=2", members(32, 32)}, ""},
      {"TC-38 the first stays", {"foo=1,foo=1"}, "foo=1"},
      {"TC-38 the first stays", {"foo=1,bar=2,foo=3"}, "foo=1,bar=2"},
      {"TC-38 across lines", {"foo=1", "bar=1,foo=2"}, "foo=1,bar=1"},
      {"TC-38 a prefix is another key", {"foo=1,fo=2,fooo=3"}, "foo=1,fo=2,fooo=3"},
      {"TC-38 a bad duplicate still voids", {"foo=1,foo="}, ""},
      {"TC-40 512 characters", {members(1, 9, std::string(53, 'v'))}, members(1, 9, std::string(53, 'v'))},
  }));
  CAPTURE(row.rule);
  CHECK(joined(row.lines) == row.out);
}

TEST_CASE("tracestate: says at once when a line voids the list") {
  trace::tracestate list;
  CHECK(list.add_line("foo=1"));
  CHECK_FALSE(list.add_line("BAR=1"));
  CHECK_FALSE(list.add_line("baz=1"));
  CHECK(list.join().empty());
}

TEST_CASE("tracestate: too much text loses whole members, the long ones first (TC-41)") {
  const std::string long_a = "a=" + std::string(127, 'x');  // 129 bytes
  const std::string long_b = "b=" + std::string(200, 'x');
  const std::string short_c = "c=" + std::string(126, 'x');  // 128 bytes: not long
  const std::string line = long_a + "," + short_c + "," + long_b + ",d=1";
  const std::size_t whole = line.size();
  CHECK(joined({line}, whole) == line);
  CHECK(joined({line}, whole - 1) == long_a + "," + short_c + ",d=1");
  CHECK(joined({line}, whole - long_b.size() - 2) == short_c + ",d=1");
  CHECK(joined({line}, short_c.size() + 4) == short_c + ",d=1");
  CHECK(joined({line}, short_c.size() + 3) == short_c);
  CHECK(joined({line}, short_c.size()) == short_c);
  CHECK(joined({line}, short_c.size() - 1) == "");
  CHECK(joined({line}, 0) == "");
}

TEST_CASE("tracestate: nothing is lost up to 8 KiB, and never more is sent") {
  const std::string value(251, 'v');  // with a key of four and `=`: 256 each
  std::string exact;
  for (int i = 10; i < 42; ++i) exact += (exact.empty() ? "k0" : ",k0") + std::to_string(i) + "=" + value;
  REQUIRE(exact.size() == 32 * 257 - 1);
  REQUIRE(exact.size() > trace::tracestate::max_size);
  const std::string cut = joined({exact});
  CHECK(cut == exact.substr(0, 31 * 257 - 1));
  const std::string fitting = exact.substr(0, exact.size() - 31);
  REQUIRE(fitting.size() == trace::tracestate::max_size);
  CHECK(joined({fitting}) == fitting);
}

TEST_CASE("tracestate: joining what was joined changes nothing") {
  std::mt19937 random(2);
  const std::string alphabet = "ab@=, \t_1Z";
  int kept = 0;
  for (int i = 0; i < 20000; ++i) {
    std::vector<std::string> lines(1 + random() % 3);
    for (std::string& line : lines) {
      for (auto n = random() % 12; n > 0; --n) line += alphabet[random() % alphabet.size()];
    }
    const std::string once = joined(lines);
    REQUIRE(joined({once}) == once);
    REQUIRE(once.find_first_of("\t") == std::string::npos);
    kept += once.empty() ? 0 : 1;
  }
  CHECK(kept > 100);  // the random lines are not all refused
}

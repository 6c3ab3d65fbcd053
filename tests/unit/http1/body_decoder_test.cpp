// SPDX-License-Identifier: Apache-2.0
//
// Content: specs §7.3 FR-10 to FR-13, FR-17 and §7.4 RS-6. Where a row allows several outcomes, the strictest was
// taken:
//   FR-10  1 to 16 hexadecimal digits; leading zeros count; no white space around them
//   FR-11  CRLF only
//   FR-12  the grammar of RFC 9112 §7.1.1 without "bad" white space; all extensions of a message together are capped
//   FR-13  forbidden names are dropped, malformed trailers are 400
#include <catch2/catch.hpp>

#include "http1/decoder.hpp"
#include "unit/http1/decoding.hpp"

using namespace sidespan;
using namespace sidespan::http1;
using namespace sidespan::http1::testing;
using base::fault_code;
using http::body_size;

namespace {

decoded_head chunked_head() {
  decoded_head head;
  head.body.kind = body_size::kind::unknown;
  head.chunked = true;
  return head;
}

decoded_head head_of(body_size body) {
  decoded_head head;
  head.body = body;
  return head;
}

struct arrival {
  decoded_head head = chunked_head();
  base::side from = base::side::downstream;
  body_decoder::limits limits{};
};

/// Decodes as far as the bytes go; appends content, returns what was left over of `bytes`.
base::result<std::string> drain(body_decoder& decoder, std::string_view bytes, std::string& content) {
  const std::vector<char> arrived(bytes.begin(), bytes.end());
  std::string_view rest(arrived.data(), arrived.size());
  while (true) {
    const auto piece = decoder.decode(rest);
    if (!piece) return piece.error();
    content.append(piece->data);
    rest.remove_prefix(piece->consumed);
    if (piece->end || piece->consumed == 0) return std::string(rest);
  }
}

/// Content that came before a fault depends on how the bytes were cut, so it is left out there.
std::string decode_in_steps(const arrival& setup, std::string_view bytes, const std::vector<std::size_t>& ends) {
  body_decoder decoder;
  decoder.start(setup.head, setup.from, setup.limits);
  std::string content;
  std::string pending;
  std::size_t shown = 0;
  for (const std::size_t end : ends) {
    pending.append(bytes.substr(shown, end - shown));
    shown = end;
    auto rest = drain(decoder, pending, content);
    if (!rest) return describe(rest.error());
    pending = *rest;
  }
  return content + "|" + pending + (decoder.done() ? "|done\n" : "|more\n") + describe(decoder.trailers());
}

std::string decode_whole(const arrival& setup, std::string_view bytes) {
  return decode_in_steps(setup, bytes, {bytes.size()});
}

std::string differences_when_cut(const arrival& setup, std::string_view bytes) {
  const std::string whole = decode_whole(setup, bytes);
  std::string found;
  std::vector<std::size_t> every_byte;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    every_byte.push_back(cut);
    const std::string split = decode_in_steps(setup, bytes, {cut, bytes.size()});
    if (split != whole) found += "cut at " + std::to_string(cut) + ": " + split;
  }
  if (decode_in_steps(setup, bytes, every_byte) != whole) found += "byte by byte";
  return found;
}

std::string refusal(base::side from) {
  const bool upstream = from == base::side::upstream;
  const auto code = upstream ? fault_code::http_response_transfer_coding : fault_code::http_request_error;
  return describe(base::fault(code, from, base::stage::read_body));
}

struct row {
  const char* rule;
  std::string bytes;
  std::string expected;
};

const row accepted[] = {
    {"9112 §7.1", "5\r\nhello\r\n0\r\n\r\n", "hello||done\n"},
    {"9112 §7.1 several", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world||done\n"},
    {"9112 §7.1 empty", "0\r\n\r\n", "||done\n"},
    {"9112 §7.1 what follows is left", "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "a|GET / HTTP/1.1\r\n|done\n"},
    {"9112 §7.1 data looks like framing", "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n||done\n"},
    {"FR-10 hexadecimal in both cases", "a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n",
     "01234567890123456789a||done\n"},
    {"FR-10 leading zeros", "0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", "hello||done\n"},
    {"FR-10 largest", "ffffffffffffffff\r\nabc", "abc||more\n"},
    {"FR-12 name", "1;a\r\nx\r\n0;b\r\n\r\n", "x||done\n"},
    {"FR-12 token", "1;a=b;c=d\r\nx\r\n0\r\n\r\n", "x||done\n"},
    {"FR-12 quoted", "1;a=\"b;\t\\\" \\\\ \xff\";c\r\nx\r\n0\r\n\r\n", "x||done\n"},
    {"FR-12 empty quoted", "1;a=\"\"\r\nx\r\n0\r\n\r\n", "x||done\n"},
    {"FR-13 kept", "1\r\nx\r\n0\r\nGrpc-Status: 0\r\ngrpc-message:\t ok \r\n\r\nrest",
     "x|rest|done\nGrpc-Status: 0\ngrpc-message: ok\n"},
    {"FR-13 dropped",
     "0\r\nContent-Length: 5\r\nA: 1\r\nTransfer-Encoding: chunked\r\nHost: b\r\nauthorization: c\r\nContent-Type: "
     "d\r\n"
     "Trailer: A\r\nConnection: A\r\nB: 2\r\n\r\n",
     "||done\nA: 1\nB: 2\n"},
    {"more", "5\r\nhel", "hel||more\n"},
    {"more", "5\r\nhello\r\n0\r\n", "hello||more\n"},
    {"more", "0\r\nA: 1\r\n", "||more\n"},
    {"more", "", "||more\n"},
};

const std::pair<const char*, std::string> refused[] = {
    {"FR-10 empty", "\r\n"},
    {"FR-10 empty with extension", ";a=b\r\n"},
    {"FR-10 leading space", " 5\r\nhello\r\n"},
    {"FR-10 trailing space", "5 \r\nhello\r\n"},
    {"FR-10 trailing tab", "5\t\r\nhello\r\n"},
    {"FR-10 plus", "+5\r\nhello\r\n"},
    {"FR-10 minus", "-5\r\nhello\r\n"},
    {"FR-10 0x", "0x5\r\nhello\r\n"},
    {"FR-10 underscore", "1_0\r\n"},
    {"FR-10 17 digits", "00000000000000005\r\nhello\r\n"},
    {"FR-10 overflow", "10000000000000000\r\n"},
    {"FR-10 suffix", "5g\r\nhello\r\n"},
    {"FR-10 h", "5h\r\nhello\r\n"},
    {"FR-10 NUL", std::string("5\0\r\n", 4)},
    {"FR-10 colon", "5:\r\n"},
    {"FR-10 full-width digit", "\xef\xbc\x95\r\n"},
    {"FR-11 LF after the size", "5\nhello\r\n"},
    {"FR-11 CR and another byte", "5\rXhello\r\n"},
    {"FR-11 CR CR LF", "5\r\r\nhello\r\n"},
    {"FR-11 data too long", "5\r\nhello!\r\n"},
    {"FR-11 data too short", "5\r\nhell\r\n0\r\n\r\n"},
    {"FR-11 LF after data", "5\r\nhello\n0\r\n\r\n"},
    {"FR-11 CR and another byte after data", "5\r\nhello\rX"},
    {"FR-11 no CRLF after data", "5\r\nhello0\r\n\r\n"},
    {"FR-11 extra CRLF", "5\r\nhello\r\n\r\n0\r\n\r\n"},
    {"FR-11 LF after the last size", "0\n\r\n"},
    {"FR-12 bare semicolon", "5;\r\nhello\r\n"},
    {"FR-12 two semicolons", "5;;a\r\nhello\r\n"},
    {"FR-12 trailing semicolon", "5;a;\r\nhello\r\n"},
    {"FR-12 space before", "5 ;a\r\nhello\r\n"},
    {"FR-12 space after", "5; a\r\nhello\r\n"},
    {"FR-12 space before =", "5;a =b\r\nhello\r\n"},
    {"FR-12 no value", "5;a=\r\nhello\r\n"},
    {"FR-12 value no token", "5;a=b=c\r\nhello\r\n"},
    {"FR-12 text after quotes", "5;a=\"b\"c\r\nhello\r\n"},
    {"FR-12 CR in quotes", "5;a=\"b\r\n\"\r\nhello\r\n"},
    {"FR-12 LF in a name", "5;a\nb\r\nhello\r\n"},
    {"FR-12 LF ends it", "5;a\nhello\r\n"},
    {"FR-12 NUL in quotes", std::string("5;a=\"\0\"\r\n", 9)},
    {"FR-12 escaped LF", "5;a=\"\\\n\"\r\nhello\r\n"},
    {"FR-12 CR and another byte", "5;a\rX\nhello\r\n"},
    {"FR-12 on the last chunk", "0;\r\n\r\n"},
    {"FR-13 no colon", "0\r\nA\r\n\r\n"},
    {"FR-13 space before colon", "0\r\nA : 1\r\n\r\n"},
    {"FR-13 fold", "0\r\nA: 1\r\n 2\r\n\r\n"},
    {"FR-13 LF", "0\r\nA: 1\n\r\n"},
    {"FR-13 LF for the empty line", "0\r\nA: 1\r\n\n"},
    {"FR-13 only LF", "0\r\n\n"},
    {"FR-13 CR in a value", "0\r\nA: 1\r2\r\n\r\n"},
    {"FR-13 NUL in a forbidden one", std::string("0\r\nHost: \0\r\n\r\n", 14)},
};

}  // namespace

TEST_CASE("chunked content: reads what RFC 9112 §7.1 allows") {
  for (const row& row : accepted) {
    CAPTURE(row.rule, row.bytes);
    CHECK(decode_whole({}, row.bytes) == row.expected);
    CHECK(differences_when_cut({}, row.bytes) == "");
  }
}

TEST_CASE("chunked content: refuses what FR-10 to FR-13 forbid, from either side") {
  for (const auto& [rule, bytes] : refused) {
    for (const base::side from : {base::side::downstream, base::side::upstream}) {
      CAPTURE(rule, bytes);
      arrival setup;
      setup.from = from;
      CHECK(decode_whole(setup, bytes) == refusal(from));
      CHECK(differences_when_cut(setup, bytes) == "");
    }
  }
}

TEST_CASE("chunked content: every byte after a chunk size") {
  for (int byte = 0; byte < 256; ++byte) {
    CAPTURE(byte);
    const bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
    const bool fits = digit || byte == '\r' || byte == ';';
    body_decoder decoder;
    decoder.start(chunked_head(), base::side::downstream, {});
    CHECK(decoder.decode("1" + std::string(1, static_cast<char>(byte))).has_value() == fits);
  }
}

TEST_CASE("chunked content: content is a view into the input, framing around it is consumed with it") {
  body_decoder decoder;
  decoder.start(chunked_head(), base::side::downstream, {});
  const std::string_view bytes = "5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n";
  const auto first = decoder.decode(bytes);
  REQUIRE(first);
  CHECK(first->data.data() == bytes.data() + 3);
  CHECK(first->consumed == 13);  // up to the next data
  CHECK_FALSE(first->end);
  const auto second = decoder.decode(bytes.substr(first->consumed));
  REQUIRE(second);
  CHECK(second->data == "abc");
  CHECK(second->end);
  CHECK(first->consumed + second->consumed == bytes.size());
}

TEST_CASE("chunked content: after a fault nothing is decoded any more (FR-18)") {
  body_decoder decoder;
  decoder.start(chunked_head(), base::side::downstream, {});
  REQUIRE_FALSE(decoder.decode("x"));
  CHECK_FALSE(decoder.decode("0\r\n\r\n"));
  CHECK_FALSE(decoder.done());
  CHECK_FALSE(decoder.finish_at_close());
  decoder.start(chunked_head(), base::side::downstream, {});
  CHECK(decoder.decode("0\r\n\r\n"));
  CHECK(decoder.done());
}

TEST_CASE("chunked content: the extensions of one message together are capped (FR-12)") {
  arrival setup;
  setup.limits.extension_bytes = 8;  // "a=1" and the byte that ends it, twice
  const std::string two = "1;a=1\r\nx\r\n1;a=1\r\nx\r\n";
  CHECK(decode_whole(setup, two + "0\r\n\r\n") == "xx||done\n");
  CHECK(decode_whole(setup, two + "0;b\r\n\r\n") == refusal(base::side::downstream));
  CHECK(differences_when_cut(setup, two + "0;b\r\n\r\n") == "");
}

TEST_CASE("chunked content: trailers are capped (FR-13)") {
  arrival setup;
  setup.limits.trailer_bytes = 6;
  CHECK(decode_whole(setup, "0\r\nA: 1\r\n\r\n") == "||done\nA: 1\n");
  CHECK(decode_whole(setup, "0\r\nA: 12\r\n\r\n") == refusal(base::side::downstream));
  CHECK(differences_when_cut(setup, "0\r\nA: 12\r\n\r\n") == "");
  setup.limits.trailer_bytes = 0;
  CHECK(decode_whole(setup, "0\r\n\r\n") == "||done\n");
  setup.limits.trailer_bytes = 1 << 20;
  std::string many = "0\r\n";
  for (std::size_t i = 0; i <= head_limits{}.field_count; ++i) many += "A: 1\r\n";
  CHECK(decode_whole(setup, many + "\r\n") == refusal(base::side::downstream));
}

TEST_CASE("chunked content: trailers and counters do not survive into the next message") {
  body_decoder decoder;
  decoder.start(chunked_head(), base::side::downstream, {4, 100});
  REQUIRE(decoder.decode("0;abc\r\nA: 1\r\n\r\n"));
  REQUIRE(decoder.trailers().size() == 1);
  decoder.start(chunked_head(), base::side::downstream, {4, 100});
  CHECK(decoder.trailers().empty());
  const auto piece = decoder.decode("0;abc\r\n\r\n");
  REQUIRE(piece);
  CHECK(piece->end);
}

TEST_CASE("chunked content: trailers that the head's Connection nominates are dropped (H1-24)") {
  body_decoder decoder;
  http::fields fields;
  fields.add("connection", "x-one, X-Two");
  fields.add("X-Four", "connection");
  fields.add("CONNECTION", "x-three");
  decoder.start(chunked_head(), base::side::downstream, {}, &fields);
  fields.clear();  // as when the head is rewritten on its way
  REQUIRE(decoder.decode("0\r\nX-One: 1\r\nX-Four: 4\r\nx-two: 2\r\nX-Three: 3\r\nX-On: 5\r\n\r\n"));
  CHECK(describe(decoder.trailers()) == "X-Four: 4\nX-On: 5\n");
  decoder.start(chunked_head(), base::side::downstream, {}, &fields);
  REQUIRE(decoder.decode("0\r\nX-One: 1\r\n\r\n"));
  CHECK(describe(decoder.trailers()) == "X-One: 1\n");
}

TEST_CASE("fixed content: exactly the announced bytes, what follows is left") {
  arrival setup;
  setup.head = head_of({body_size::kind::known, 5});
  CHECK(decode_whole(setup, "helloGET /") == "hello|GET /|done\n");
  CHECK(decode_whole(setup, "hell") == "hell||more\n");
  CHECK(differences_when_cut(setup, "helloGET /") == "");
}

TEST_CASE("fixed content: tells how much is still to come") {
  body_decoder decoder;
  decoder.start(head_of({body_size::kind::known, 5}), base::side::downstream, {});
  CHECK(decoder.remaining() == 5);
  REQUIRE(decoder.decode("he"));
  CHECK(decoder.remaining() == 3);
  REQUIRE(decoder.decode("llo"));
  CHECK(decoder.remaining() == 0);
  decoder.start(chunked_head(), base::side::downstream, {});
  REQUIRE(decoder.decode("5\r\nh"));
  CHECK(decoder.remaining() == 0);
}

TEST_CASE("no content: complete at once, and nothing is taken (FR-14)") {
  for (const body_size body : {body_size{}, body_size{body_size::kind::known, 0}}) {
    arrival setup;
    setup.head = head_of(body);
    CHECK(decode_whole(setup, "GET /") == "|GET /|done\n");
  }
}

TEST_CASE("content until the close: everything, never complete by itself") {
  arrival setup;
  setup.head = head_of({body_size::kind::until_close, 0});
  setup.from = base::side::upstream;
  CHECK(decode_whole(setup, "0\r\n\r\n") == "0\r\n\r\n||more\n");
}

TEST_CASE("content: only what ends with the connection may end so (FR-17, RS-6)") {
  struct close_row {
    decoded_head head;
    const char* bytes;
    bool complete;
  };
  const close_row rows[] = {
      {head_of({body_size::kind::until_close, 0}), "abc", true},
      {head_of({}), "", true},
      {head_of({body_size::kind::known, 3}), "abc", true},
      {head_of({body_size::kind::known, 3}), "ab", false},
      {chunked_head(), "3\r\nabc\r\n0\r\n\r\n", true},
      {chunked_head(), "3\r\nabc\r\n0\r\n", false},
      {chunked_head(), "3\r\nabc\r\n", false},
      {chunked_head(), "", false},
  };
  for (const close_row& row : rows) {
    for (const base::side from : {base::side::downstream, base::side::upstream}) {
      CAPTURE(row.bytes, base::name(from));
      body_decoder decoder;
      decoder.start(row.head, from, {});
      std::string content;
      REQUIRE(drain(decoder, row.bytes, content));
      const auto finished = decoder.finish_at_close();
      REQUIRE(finished.has_value() == row.complete);
      if (row.complete) continue;
      const auto code =
          from == base::side::upstream ? fault_code::http_response_incomplete : fault_code::downstream_closed;
      CHECK(finished.error() == base::fault(code, from, base::stage::read_body));
    }
  }
}

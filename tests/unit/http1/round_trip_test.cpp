// SPDX-License-Identifier: Apache-2.0
//
// What the encoder writes, the decoder reads back as it was: the two sides of the proxy agree with each other.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "http1/decoder.hpp"
#include "http1/encoder.hpp"
#include "unit/http1/decoding.hpp"

using namespace sidespan;
using namespace sidespan::http1;
using namespace sidespan::http1::testing;
using http::body_size;

namespace {

const body_size bodies[] = {
    {}, {body_size::kind::known, 0}, {body_size::kind::known, 12345678901}, {body_size::kind::unknown, 0}};

void add_fields(http::fields& fields) {
  fields.add("hOsT", "shop:81");
  fields.add("Cookie", "a=\"b\"; c=\xe9\t d");
  fields.add("X-Empty", "");
  fields.add("Cookie", "again");
}

/// Content in chunks of sizes drawn from `random`, with trailers.
std::string encode_chunked(std::string_view content, std::mt19937& random) {
  std::string out;
  while (!content.empty()) {
    const std::size_t size = std::min<std::size_t>(1 + random() % 40, content.size());
    encode_chunk_head(size, out);
    out.append(content.substr(0, size)).append("\r\n");
    content.remove_prefix(size);
  }
  http::fields trailers;
  trailers.add("Grpc-Status", "0");
  encode_last_chunk(&trailers, out);
  return out;
}

}  // namespace

TEST_CASE("round trip: request heads") {
  for (const body_size body : bodies) {
    for (const persistence persist : {persistence::keep, persistence::close}) {
      http::request_head sent{"POST", "/a?b", http::version::http_1_1, {}};
      add_fields(sent.fields);
      std::string bytes;
      encode_request_head(sent, sent.target, body, persist, bytes);
      http::request_head received;
      std::size_t scanned = 0;
      const std::string arrived = bytes + "next";
      const auto decoded = decode_request_head(arrived, scanned, {}, received);
      REQUIRE(decoded);
      CHECK(decoded->consumed == bytes.size());
      CHECK(decoded->body.kind == body.kind);
      CHECK(decoded->body.bytes == body.bytes);
      CHECK(decoded->keep_alive == (persist == persistence::keep));
      CHECK_THAT(describe(received), Catch::StartsWith(describe(sent)));
    }
  }
}

TEST_CASE("round trip: response heads") {
  for (const body_size body : bodies) {
    for (const char* method : {"GET", "HEAD", "CONNECT"}) {
      for (const int status : {100, 200, 204, 304, 404}) {
        CAPTURE(method, status, static_cast<int>(body.kind));
        http::response_head sent{status, "Some Reason", http::version::http_1_1, {}};
        add_fields(sent.fields);
        std::string bytes;
        const bool chunked =
            encode_response_head(sent, method, http::version::http_1_1, body, persistence::keep, "now", bytes);
        http::response_head received;
        std::size_t scanned = 0;
        const auto decoded = decode_response_head(bytes, scanned, {}, method, received);
        REQUIRE(decoded);
        CHECK(decoded->consumed == bytes.size());
        CHECK(decoded->chunked == chunked);
        CHECK(decoded->keep_alive);
        CHECK(decoded->body.kind != body_size::kind::until_close);
        CHECK_THAT(describe(received), Catch::StartsWith(describe(sent)));
      }
    }
  }
}

TEST_CASE("round trip: chunked content in chunks and arrivals of any size") {
  std::mt19937 random(7);
  std::string content;
  for (int i = 0; i < 2000; ++i) content.push_back(static_cast<char>(random()));
  for (int round = 0; round < 50; ++round) {
    const std::string bytes = encode_chunked(content, random);
    body_decoder decoder;
    decoded_head head;
    head.body.kind = body_size::kind::unknown;
    head.chunked = true;
    decoder.start(head, base::side::upstream, {});
    std::string received;
    std::size_t done = 0;
    std::size_t arrived = 0;
    while (!decoder.done() && arrived <= bytes.size()) {
      const auto piece = decoder.decode(std::string_view(bytes).substr(done, arrived - done));
      REQUIRE(piece);
      received.append(piece->data);
      done += piece->consumed;
      if (piece->consumed == 0)
        arrived = arrived == bytes.size() ? arrived + 1 : std::min(arrived + 1 + random() % 60, bytes.size());
    }
    CHECK(decoder.done());
    CHECK(done == bytes.size());
    CHECK(received == content);
    CHECK(describe(decoder.trailers()) == "Grpc-Status: 0\n");
  }
}

TEST_CASE("round trip: lines sent from the receive buffer are the lines that would be written one by one") {
  std::mt19937 random(7);
  const std::string_view separators[] = {": ", ":", ":  ", ":\t"};
  const std::string_view ends[] = {"\r\n", " \r\n", "\t\r\n"};
  for (int round = 0; round < 500; ++round) {
    std::string text = "GET /a HTTP/1.1\r\nHost: shop\r\n";
    for (unsigned line = random() % 8; line > 0; --line) {
      text.append("X-").append(1, static_cast<char>('A' + random() % 26)).append(separators[random() % 4]);
      text.append(random() % 5, 'v').append(ends[random() % 3]);
    }
    text += "\r\n";
    std::size_t scanned = 0;
    http::request_head head;
    const auto decoded = decode_request_head(text, scanned, head_limits{}, head);
    REQUIRE(decoded);
    head.fields.remove_if([&random](const http::field&) { return random() % 5 == 0; });
    if (random() % 2 == 0) head.fields.set(http::field_id::host, "Host", "shop");
    if (random() % 2 == 0) head.fields.add("Via", "1.1 x");
    http::request_head plain{head.method, head.target, head.version, {}};
    for (const http::field& line : head.fields) plain.fields.add(line.name, line.value);
    std::string sent, expected;
    encode_request_head(head, head.target, decoded->body, persistence::keep, sent);
    encode_request_head(plain, head.target, decoded->body, persistence::keep, expected);
    REQUIRE(sent == expected);
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a response to a request whose method the first byte chooses: the outcome must not depend on how they
// arrive, and what is accepted must come out of our own encoder with the same status, fields and end.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http1/decoder.hpp"
#include "http1/encoder.hpp"
#include "unit/http1/decoding.hpp"

using namespace sidespan;
using namespace sidespan::http1;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_round_trip(std::string_view bytes, const testing::response_reader& reader) {
  std::size_t scanned = 0;
  http::response_head head;
  const auto decoded = reader(bytes, scanned, head);
  if (!decoded || decoded->consumed == 0) return;
  require(decoded->consumed <= bytes.size() && head.status >= 100 && head.status <= 599);
  std::string written;
  const bool chunked = encode_response_head(head, reader.method, http::version::http_1_1, decoded->body,
                                            persistence::keep, "now", written);
  http::response_head again;
  scanned = 0;
  const auto second = decode_response_head(written, scanned, {}, reader.method, again);
  require(second && second->consumed == written.size() && second->chunked == chunked);
  require(second->body.kind != http::body_size::kind::until_close);  // a 1.1 client always gets an end (RS-5)
  require(second->body.present() == decoded->body.present() && second->body.bytes == decoded->body.bytes);
  require(again.status == head.status && again.reason == head.reason);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static constexpr std::string_view methods[] = {"GET", "HEAD", "CONNECT", "POST"};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  testing::response_reader reader;
  reader.method = methods[data[0] % 4];
  reader.limits = {512, 128, 8};  // small, so that the fuzzer finds them
  const std::string whole = testing::read_whole(reader, bytes);
  const std::size_t cut = data[size - 1] % size;
  require(testing::read_in_steps(reader, bytes, {cut, bytes.size()}) == whole);
  require(testing::read_in_steps(reader, bytes, {bytes.size() / 3, bytes.size() / 2, bytes.size()}) == whole);
  check_round_trip(bytes, reader);
  return 0;
}

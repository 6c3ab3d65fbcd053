// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a request: the outcome must not depend on how they arrive, and what is accepted must be the same request
// after our own encoder wrote it again, with exactly one framing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/target.hpp"
#include "http1/decoder.hpp"
#include "http1/encoder.hpp"
#include "unit/http1/decoding.hpp"

using namespace sidespan;
using namespace sidespan::http1;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_round_trip(std::string_view bytes, const testing::request_reader& reader) {
  std::size_t scanned = 0;
  http::request_head head;
  const auto decoded = reader(bytes, scanned, head);
  if (!decoded || decoded->consumed == 0) return;
  require(decoded->consumed <= bytes.size() && bytes.substr(0, decoded->consumed).ends_with("\r\n\r\n"));
  if (!http::parse_target(head.method, head.target)) return;  // refused before anything is written
  std::string written;
  encode_request_head(head, head.target, decoded->body, persistence::keep, written);
  http::request_head again;
  scanned = 0;
  const auto second = decode_request_head(written, scanned, {}, again);
  // A 1.0 request may come without a Host, a 1.1 request not; it is forwarded with a Host of the route.
  if (!second) return require(head.version == http::version::http_1_0 && head.fields.count(http::field_id::host) == 0);
  require(second->consumed == written.size() && second->chunked == decoded->chunked);
  require(second->body.kind == decoded->body.kind && second->body.bytes == decoded->body.bytes);
  require(again.method == head.method && again.target == head.target);
  const auto framing = [](const http::field& f) {
    return f.id == http::field_id::content_length || f.id == http::field_id::transfer_encoding;
  };
  head.fields.remove_if(framing);
  again.fields.remove_if(framing);
  require(testing::describe(again.fields) == testing::describe(head.fields));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  testing::request_reader reader;
  reader.limits = {512, 128, 8};  // small, so that the fuzzer finds them
  const std::string whole = testing::read_whole(reader, bytes);
  const std::size_t cut = size == 0 ? 0 : data[size - 1] % (size + 1);
  require(testing::read_in_steps(reader, bytes, {cut, size}) == whole);
  require(testing::read_in_steps(reader, bytes, {size / 3, size / 2, size}) == whole);
  check_round_trip(bytes, reader);
  return 0;
}

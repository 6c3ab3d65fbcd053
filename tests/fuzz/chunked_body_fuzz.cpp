// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as content, cut and framed as the first byte says: content, trailers and outcome must be those of one
// piece, content must be a part of the input, no trailer may be one that frames, routes or authenticates or that the
// head nominates, and what our own encoder makes of it must be the same content again. After a fault there are only
// faults.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "http/hop_by_hop.hpp"
#include "http1/decoder.hpp"
#include "http1/encoder.hpp"
#include "unit/http1/decoding.hpp"

using namespace sidespan;
using namespace sidespan::http1;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

struct outcome {
  std::string content;
  std::string end;  // trailers or fault; empty when more is needed
  std::size_t consumed = 0;
};

decoded_head head_for(std::uint8_t choice) {
  decoded_head head;
  head.chunked = choice < 2;
  head.body.kind = head.chunked  ? http::body_size::kind::unknown
                   : choice == 2 ? http::body_size::kind::known
                                 : http::body_size::kind::until_close;
  if (choice == 2) head.body.bytes = 5;
  return head;
}

void check_trailers(const http::fields& trailers) {
  for (const http::field& line : trailers) {
    require(!http::forbidden_in_trailers(line.name));
    require(!base::iequals(line.name, "x-mine") && !base::iequals(line.name, "a"));
  }
}

/// Shows `step` more bytes whenever the decoder takes no more.
outcome decode(std::string_view bytes, std::size_t step, std::uint8_t choice) {
  const decoded_head head = head_for(choice);
  http::fields fields;
  fields.add("Connection", "X-Mine , a");
  body_decoder decoder;
  decoder.start(head, choice == 1 ? base::side::downstream : base::side::upstream, {32, 64}, &fields);
  outcome out;
  std::size_t arrived = 0;
  while (true) {
    const std::string_view input = bytes.substr(out.consumed, arrived - out.consumed);
    const auto piece = decoder.decode(input);
    if (!piece) {
      require(!decoder.decode("0\r\n\r\n") && !decoder.finish_at_close());
      return {{}, testing::describe(piece.error()), 0};
    }
    require(piece->consumed <= input.size() && piece->data.size() <= piece->consumed);
    require(piece->data.empty() ||
            (piece->data.data() >= input.data() && piece->data.data() < input.data() + input.size()));
    out.content.append(piece->data);
    out.consumed += piece->consumed;
    if (piece->end) break;
    if (piece->consumed == 0 && arrived == bytes.size()) {
      require(decoder.finish_at_close().has_value() == (choice == 3));
      return out;
    }
    if (piece->consumed == 0) arrived = std::min(arrived + step, bytes.size());
  }
  require(decoder.done() && decoder.finish_at_close() && decoder.decode("x")->consumed == 0);
  check_trailers(decoder.trailers());
  out.end = "end\n" + testing::describe(decoder.trailers());
  return out;
}

/// Content as two chunks of our own, with a trailer.
void check_encoded(const std::string& content) {
  http::fields trailers;
  trailers.add("X-Sum", "1");
  std::string written;
  for (const std::string& part : {content.substr(0, content.size() / 2), content.substr(content.size() / 2)}) {
    if (part.empty()) continue;
    encode_chunk_head(part.size(), written);
    written.append(part).append("\r\n");
  }
  encode_last_chunk(&trailers, written);
  const outcome again = decode(written, written.size(), 0);
  require(again.content == content && again.end == "end\nX-Sum: 1\n" && again.consumed == written.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto choice = static_cast<std::uint8_t>(data[0] >> 6);
  const outcome whole = decode(bytes, std::max<std::size_t>(bytes.size(), 1), choice);
  const outcome cut = decode(bytes, 1 + data[0] % 16, choice);
  require(whole.content == cut.content && whole.end == cut.end && whole.consumed == cut.consumed);
  check_encoded(whole.content);
  return 0;
}

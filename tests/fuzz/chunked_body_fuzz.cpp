// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as chunked content, cut by the first byte: content, trailers and outcome must be those of one piece,
// content must be a part of the input, and no trailer may be one that frames, routes or authenticates.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/hop_by_hop.hpp"
#include "http1/decoder.hpp"
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

/// Shows `step` more bytes whenever the decoder takes no more.
outcome decode(std::string_view bytes, std::size_t step) {
  decoded_head head;
  head.body.kind = http::body_size::kind::unknown;
  head.chunked = true;
  body_decoder decoder;
  decoder.start(head, base::side::upstream, {32, 64});
  outcome out;
  std::size_t arrived = 0;
  while (true) {
    const std::string_view input = bytes.substr(out.consumed, arrived - out.consumed);
    const auto piece = decoder.decode(input);
    if (!piece) return {{}, testing::describe(piece.error()), 0};
    require(piece->consumed <= input.size() && piece->data.size() <= piece->consumed);
    require(piece->data.empty() ||
            (piece->data.data() >= input.data() && piece->data.data() < input.data() + input.size()));
    out.content.append(piece->data);
    out.consumed += piece->consumed;
    if (piece->end) break;
    if (piece->consumed == 0 && arrived == bytes.size()) return out;
    if (piece->consumed == 0) arrived = std::min(arrived + step, bytes.size());
  }
  require(decoder.done() && decoder.finish_at_close());
  for (const http::field& line : decoder.trailers()) require(!http::forbidden_in_trailers(line.name));
  out.end = "end\n" + testing::describe(decoder.trailers());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const outcome whole = decode(bytes, std::max<std::size_t>(bytes.size(), 1));
  const outcome cut = decode(bytes, 1 + data[0] % 16);
  require(whole.content == cut.content && whole.end == cut.end && whole.consumed == cut.consumed);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "trace/ids.hpp"

#include "base/text.hpp"

namespace sidespan::trace {
namespace {

/// Big-endian, so that an injected number reads the same in hex.
void store(std::uint64_t bits, std::uint8_t* out) noexcept {
  for (int shift = 56; shift >= 0; shift -= 8) *out++ = static_cast<std::uint8_t>(bits >> shift);
}

}  // namespace

std::string trace_id::hex() const { return base::to_hex(bytes); }

std::string span_id::hex() const { return base::to_hex(bytes); }

trace_id make_trace_id(base::random_source& random) {
  trace_id id;
  do {
    store(random.next(), id.bytes.data());
    store(random.next(), id.bytes.data() + 8);
  } while (!id.valid());  // W3C Trace Context §trace-id: all zero is invalid
  return id;
}

span_id make_span_id(base::random_source& random) {
  span_id id;
  do {
    store(random.next(), id.bytes.data());
  } while (!id.valid());  // W3C Trace Context §parent-id
  return id;
}

}  // namespace sidespan::trace

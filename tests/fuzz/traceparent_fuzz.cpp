// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a traceparent line: what is accepted must be written as version 00 and be read back as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "trace/traceparent.hpp"

using namespace sidespan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = trace::parse_traceparent({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  char text[trace::traceparent_size];
  trace::write_traceparent(*parsed, text);
  const auto again = trace::parse_traceparent({text, sizeof text});
  if (size < trace::traceparent_size || !again || !(*again == *parsed)) std::abort();
  return 0;
}

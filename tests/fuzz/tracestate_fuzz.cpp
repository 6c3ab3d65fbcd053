// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as tracestate lines, separated by line feeds: what is joined must be accepted as it is, within the limit.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "trace/tracestate.hpp"

using namespace sidespan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  trace::tracestate list;
  for (bool more = true; more;) {
    const std::size_t end = rest.find('\n');
    list.add_line(rest.substr(0, end));
    more = end != std::string_view::npos;
    if (more) rest.remove_prefix(end + 1);
  }
  const std::string joined = list.join();
  trace::tracestate again;
  if (joined.size() > trace::tracestate::max_size || !again.add_line(joined) || again.join() != joined) std::abort();
  const std::string shorter = list.join(joined.size() / 2);
  trace::tracestate third;
  if (shorter.size() > joined.size() / 2 || !third.add_line(shorter) || third.join() != shorter) std::abort();
  return 0;
}

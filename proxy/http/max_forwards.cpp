// SPDX-License-Identifier: Apache-2.0
#include "http/max_forwards.hpp"

#include <array>
#include <charconv>

#include "base/text.hpp"

namespace sidespan::http {

base::result<bool> count_down_forwards(request_head& head, base::arena& arena) {
  if (head.method != "OPTIONS") return true;  // TRACE, the other one it is for, is never forwarded
  const std::size_t lines = head.fields.count(field_id::max_forwards);
  if (lines == 0) return true;  // it is never created
  const auto left = base::parse_decimal(head.fields.value(field_id::max_forwards));
  if (lines > 1 || !left) {
    return base::fault(base::fault_code::http_request_error, base::side::downstream, base::stage::parse,
                       "malformed Max-Forwards");
  }
  if (*left == 0) return false;
  std::array<char, 20> digits;
  const auto written = std::to_chars(digits.begin(), digits.end(), *left - 1);
  const std::string_view text(digits.data(), static_cast<std::size_t>(written.ptr - digits.data()));
  head.fields.set(field_id::max_forwards, "Max-Forwards", arena.copy(text));
  return true;
}

}  // namespace sidespan::http

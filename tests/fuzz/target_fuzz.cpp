// SPDX-License-Identifier: Apache-2.0
//
// A method, a line feed, and any bytes as a target: every part must be a piece of the target, the parts together must
// be the whole of it, and what is sent on must be a target of its own form.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/target.hpp"

using namespace sidespan;
using namespace sidespan::http;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_authority(std::string_view text) {
  const auto parts = parse_authority(text);
  require(parts.has_value() && !parts->host.empty());
  require(text.find_first_of("@/?# ") == std::string_view::npos);
  require(text.find(parts->host) != std::string_view::npos);
}

std::string joined(const target_parts& parts, std::string_view target) {
  const std::string query = parts.has_query ? "?" + std::string(parts.query) : "";
  switch (parts.form) {
    case target_form::authority:
      return std::string(parts.authority);
    case target_form::absolute: {
      const std::string start = std::string(parts.scheme) + "://" + std::string(parts.authority);
      const bool has_path = target.substr(start.size()).starts_with('/');
      return start + (has_path ? std::string(parts.path) : "") + query;
    }
    default:
      return std::string(parts.path) + query;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t split = bytes.find('\n');
  if (split == std::string_view::npos) return 0;
  const std::string_view method = bytes.substr(0, split);
  const std::string_view target = bytes.substr(split + 1);
  (void)parse_authority(target);
  const auto parts = parse_target(method, target);
  if (!parts) return 0;
  require(joined(*parts, target) == target);
  if (!parts->authority.empty()) check_authority(parts->authority);
  if (parts->form == target_form::authority) {
    require(method == "CONNECT" && parts->origin_form.empty());
    return 0;
  }
  const bool asterisk = parts->origin_form == "*";
  require(asterisk ? method == "OPTIONS" : parts->origin_form.find_first_of("/?") == 0);
  return 0;
}

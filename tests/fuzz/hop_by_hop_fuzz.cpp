// SPDX-License-Identifier: Apache-2.0
//
// A method, a digit for the version, and `name:value` lines, all ended by line
// feeds: what is removed as hop-by-hop must be what a plain reading of RFC 9110
// §7.6.1 removes, no more and no less; what is offered as an upgrade must be a
// part of what the request said; Max-Forwards is never raised. Names and
// connection options are tokens, as the decoder leaves them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "http/hop_by_hop.hpp"
#include "http/max_forwards.hpp"
#include "http/upgrade.hpp"
#include "http1/syntax.hpp"

using namespace sidespan;
using namespace sidespan::http;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return base::lower(c); });
  return out;
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

/// Members of every list line of this name, in small letters, duplicates kept.
std::vector<std::string> members(const fields& list, std::string_view name) {
  std::vector<std::string> out;
  for (const field& line : list) {
    if (lower(line.name) != name) continue;
    std::string_view rest = line.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view member = base::trim_ows(rest.substr(0, comma));
      if (!member.empty()) out.push_back(lower(member));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return out;
}

const std::set<std::string, std::less<>> of_one_hop{
    "connection",     "proxy-connection",   "keep-alive",         "te", "transfer-encoding", "upgrade",
    "http2-settings", "proxy-authenticate", "proxy-authorization"};

void check_removal(const fields& before) {
  const std::vector<std::string> options = members(before, "connection");
  const std::set<std::string, std::less<>> nominated(options.begin(), options.end());
  const auto counted = std::ranges::count_if(
      options, [](const std::string& one) { return one != "close" && !of_one_hop.contains(one); });
  const bool refused = nominated.contains("host") || nominated.contains("content-length") ||
                       nominated.contains("transfer-encoding") || counted > 32;
  fields after = before;
  const auto removed = remove_hop_by_hop(after);
  require(removed.has_value() == !refused);
  if (refused) require(remove_hop_by_hop(after, base::side::upstream).error().side() == base::side::upstream);
  if (refused) return;
  auto left = after.begin();
  for (const field& line : before) {
    const std::string name = lower(line.name);
    if (of_one_hop.contains(name) || (name != "close" && nominated.contains(name))) continue;
    require(left != after.end() && left->name.data() == line.name.data() && left->value == line.value);
    ++left;
  }
  require(left == after.end());
  require(remove_hop_by_hop(after, base::side::upstream).has_value() && members(after, "connection").empty());
  require(after.find("connection") == nullptr);
  for (const field_id id : {field_id::host, field_id::trailer}) {
    after.remove(id);
    require(after.count(id) == 0 && after.find(id) == nullptr);
  }
}

void check_upgrade(const request_head& head, base::arena& arena) {
  const auto offered = read_upgrade(head, {}, arena);
  const std::vector<std::string> asked = members(head.fields, "upgrade");
  if (!offered || offered->empty()) return;
  require(head.version == version::http_1_1 && connection_has(head.fields, "upgrade"));
  fields answer;
  answer.add("Upgrade", *offered);
  for (const std::string& protocol : members(answer, "upgrade")) {
    require(std::ranges::find(asked, protocol) != asked.end() && protocol != "h2c");
    response_head switched;
    switched.status = 101;
    switched.fields.add("Connection", "upgrade");
    switched.fields.add("Upgrade", protocol);
    require(read_switch(switched, *offered).has_value());
    require(!read_switch(switched, "x-" + protocol).has_value() && !read_switch(switched, {}).has_value());
  }
  body_size content;
  content.kind = body_size::kind::unknown;
  require(!read_upgrade(head, content, arena));
}

void check_switch(const request_head& head) {
  response_head answer;
  answer.status = 101;
  answer.fields = head.fields;
  const auto chosen = read_switch(answer, "a, websocket, b/1");
  if (!chosen) return;
  for (const std::string& name : members(answer.fields, "upgrade"))
    require(name == "a" || name == "websocket" || name == "b/1" || name == "h2c" || name == "h2");
}

void check_demand(const request_head& head, base::arena& arena) {
  response_head answer;
  answer.status = 426;
  answer.fields = head.fields;
  fields passed_on;
  passed_on.add("Upgrade", demanded_upgrade(answer, arena));
  const std::vector<std::string> named = members(head.fields, "upgrade");
  for (const std::string& protocol : members(passed_on, "upgrade"))
    require(std::ranges::find(named, protocol) != named.end() && protocol != "h2c" && protocol != "h2");
}

void check_forwards(request_head head, base::arena& arena) {
  const auto before = base::parse_decimal(head.fields.value(field_id::max_forwards));
  const std::size_t lines = head.fields.count(field_id::max_forwards);
  const auto passes = count_down_forwards(head, arena);
  const auto after = base::parse_decimal(head.fields.value(field_id::max_forwards));
  require(head.fields.count(field_id::max_forwards) == lines);
  if (head.method != "OPTIONS" || lines == 0) return require(passes && *passes && before == after);
  if (!passes) return require(lines > 1 || !before);
  require(*passes ? before && after && *after == *before - 1 : before == std::uint64_t{0});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  base::arena arena;
  request_head head;
  head.method = take_line(rest);
  head.version = take_line(rest) == "0" ? version::http_1_0 : version::http_1_1;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    const std::size_t colon = std::min(line.find(':'), line.size());
    if (!http1::is_token(line.substr(0, colon))) return 0;
    head.fields.add(line.substr(0, colon), line.substr(std::min(colon + 1, line.size())));
  }
  for (const std::string& option : members(head.fields, "connection")) {
    if (!http1::is_token(option)) return 0;
  }
  for (const field& line : head.fields) {
    require(head.fields.find(line.name) != nullptr && identify(line.name) == line.id);
    if (line.id != field_id::other) require(head.fields.find(line.id) != nullptr);
    (void)forbidden_in_trailers(line.name);
  }
  check_removal(head.fields);
  check_upgrade(head, arena);
  check_switch(head);
  check_demand(head, arena);
  check_forwards(head, arena);
  return 0;
}

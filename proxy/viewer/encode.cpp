// SPDX-License-Identifier: Apache-2.0

#include "viewer/encode.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace sidespan::viewer {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// Length of the well-formed sequence at the front (Unicode 15, table 3-7), 0 when there is none.
std::size_t sequence_length(std::string_view text) {
  const auto at = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](std::size_t i) { return (at(i) & 0xC0u) == 0x80u; };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (first == 0xE0 && at(1) < 0xA0) return 0;
    if (first == 0xED && at(1) > 0x9F) return 0;  // surrogates
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (first == 0xF0 && at(1) < 0x90) return 0;
    if (first == 0xF4 && at(1) > 0x8F) return 0;
    return follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

std::string base64(std::string_view data) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < data.size(); i += 3) {
    const auto at = [&](std::size_t j) { return j < data.size() ? static_cast<unsigned char>(data[j]) : 0u; };
    const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    const std::size_t used = std::min<std::size_t>(3, data.size() - i);
    for (std::size_t k = 0; k < 4; ++k) out += k <= used ? letters[group >> (18 - 6 * k) & 63u] : '=';
  }
  return out;
}

ordered_json to_json(const attributes& list, std::size_t depth);

ordered_json to_json(const value& item, std::size_t depth) {
  constexpr std::int64_t exact = std::int64_t{1} << 53;
  if (const auto* flag = std::get_if<bool>(&item.data)) return *flag;
  if (const auto* text = std::get_if<std::string>(&item.data)) return clean_text(*text);
  if (const auto* number = std::get_if<std::int64_t>(&item.data)) {
    if (*number > exact || *number < -exact) return std::to_string(*number);
    return *number;
  }
  if (const auto* real = std::get_if<double>(&item.data)) {
    if (std::isnan(*real)) return "NaN";
    if (std::isinf(*real)) return *real > 0 ? "Infinity" : "-Infinity";
    return *real;
  }
  if (const auto* raw = std::get_if<bytes>(&item.data)) return clean_text(base64(raw->data));
  if (depth >= max_nesting)
    return std::holds_alternative<std::monostate>(item.data) ? ordered_json() : ordered_json("…");
  if (const auto* map = std::get_if<attributes>(&item.data)) return to_json(*map, depth + 1);
  if (const auto* list = std::get_if<array>(&item.data)) {
    ordered_json out = ordered_json::array();
    for (const value& entry : *list) {
      if (out.size() == max_list_entries) {
        out.push_back("… " + std::to_string(list->size() - max_list_entries) + " more");
        break;
      }
      out.push_back(to_json(entry, depth + 1));
    }
    return out;
  }
  return nullptr;
}

ordered_json to_json(const attributes& list, std::size_t depth) {
  ordered_json out = ordered_json::object();
  for (const attribute& entry : list) {
    if (out.size() == max_list_entries) {
      out["…"] = std::to_string(list.size() - max_list_entries) + " more";
      break;
    }
    std::string key = clean_text(entry.key, 256);
    if (!out.contains(key)) out.emplace(std::move(key), to_json(entry.value, depth));
  }
  return out;
}

}  // namespace

std::string clean_text(std::string_view text, std::size_t limit) {
  const std::size_t whole = text.size();
  const bool cut = whole > limit;
  if (cut) {
    std::size_t end = limit;
    while (end > 0 && limit - end < 4 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;
    text = text.substr(0, end);
  }
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0 || text.front() == '\0') {
      out += replacement;
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  if (cut) out += "… (" + std::to_string(whole) + " bytes)";
  return out;
}

std::string json_of(const attributes& list) { return to_json(list, 0).dump(); }

std::string detail_of(const span& item) {
  ordered_json out;
  out["status_message"] = clean_text(item.status_message);
  out["trace_state"] = clean_text(item.trace_state);
  out["attributes"] = to_json(item.attributes, 0);
  ordered_json& events = out["events"] = ordered_json::array();
  for (std::size_t i = 0; i < std::min(item.events.size(), max_list_entries); ++i) {
    const event& entry = item.events[i];
    events.push_back({{"name", clean_text(entry.name)},
                      {"time_unix_nano", std::to_string(entry.time_unix_nano)},
                      {"attributes", to_json(entry.attributes, 0)}});
  }
  ordered_json& links = out["links"] = ordered_json::array();
  for (std::size_t i = 0; i < std::min(item.links.size(), max_list_entries); ++i) {
    const link& entry = item.links[i];
    links.push_back({{"trace_id", to_hex(entry.trace_id)},
                     {"span_id", to_hex(entry.span_id)},
                     {"attributes", to_json(entry.attributes, 0)}});
  }
  if (item.events.size() > max_list_entries) out["events_left_out"] = item.events.size() - max_list_entries;
  if (item.links.size() > max_list_entries) out["links_left_out"] = item.links.size() - max_list_entries;
  return out.dump();
}

}  // namespace sidespan::viewer

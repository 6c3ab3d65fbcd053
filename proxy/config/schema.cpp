// SPDX-License-Identifier: Apache-2.0
#include "config/schema.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "config/keys.hpp"

namespace sidespan::config {
namespace {

using json = nlohmann::ordered_json;

json below(const key* parent);

json any_of(json::initializer_list_t choices) { return {{"anyOf", json(choices)}}; }
json reference_to(const char* name) { return {{"$ref", std::string("#/definitions/") + name}}; }

json one_of(std::string_view words) {
  json list = json::array();
  for (const std::string_view word : split(words, '|')) list.push_back(word);
  // An editor that reads YAML 1.1 takes these two words for booleans.
  if (std::find(list.begin(), list.end(), "off") != list.end()) list.push_back(false);
  if (std::find(list.begin(), list.end(), "on") != list.end()) list.push_back(true);
  return {{"enum", list}};
}

json matching(const char* pattern) { return {{"type", "string"}, {"pattern", pattern}}; }

json number_of(const key& row) {
  const bool whole = row.kind == kind::integer;
  json out = {{"type", whole ? "integer" : "number"}};
  const std::size_t dots = row.range.find("..");
  if (dots == std::string_view::npos) return out;
  out["minimum"] = *base::parse_decimal(row.range.substr(0, dots));
  out["maximum"] = *base::parse_decimal(row.range.substr(dots + 2));
  return out;
}

json list_of(const key& row) {
  json item = row.range.empty() ? json{{"type", "string"}} : one_of(row.range);
  return any_of({{{"type", "array"}, {"items", any_of({item, reference_to("variable")})}}, item});
}

json sampler() {
  const json root = any_of({one_of("always_on|always_off"),
                            {{"type", "object"},
                             {"properties", {{"ratio", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}}}},
                             {"required", {"ratio"}},
                             {"additionalProperties", false}}});
  return any_of({root,
                 {{"type", "object"},
                  {"properties", {{"parent_based", root}}},
                  {"required", {"parent_based"}},
                  {"additionalProperties", false}}});
}

json upstream() {
  const json one = matching("^(((http|tcp)://)?(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]+)?/?|unix:/.+)$");
  return any_of({one, {{"type", "array"}, {"items", any_of({one, reference_to("variable")})}, {"minItems", 1}}});
}

json plain(const key& row) {
  switch (row.kind) {
    case kind::toggle:
      return {{"enum", {"on", "off", true, false}}};
    case kind::integer:
    case kind::ratio:
      return number_of(row);
    case kind::duration:
      return any_of({matching("^(0|[0-9]+(\\.[0-9]+)?(us|ms|s|m|h))$"), {{"const", 0}}});
    case kind::size:
      return any_of({matching("^[0-9]+(B|KiB|MiB|GiB|kB|MB|GB)?$"), {{"type", "integer"}, {"minimum", 0}}});
    case kind::choice:
      return one_of(row.range);
    case kind::list:
    case kind::networks:
      return list_of(row);
    case kind::endpoint:
      return matching("^https?://");
    case kind::upstream:
      return upstream();
    case kind::listen:
      return any_of({{{"type", "integer"}, {"minimum", 0}, {"maximum", 65535}}, matching("^([^ ]*:)?[0-9]+$")});
    case kind::match:
      return matching("^([A-Z]+|([A-Z]+ +)?/.*)$");
    case kind::prefix:
    case kind::output:
      return matching("^/");
    case kind::sampler:
      return sampler();
    default:
      return {{"type", {"string", "number", "boolean"}}};  // a scalar, taken as it is written
  }
}

json leaf(const key& row) {
  json out = plain(row);
  const bool closed = row.kind != kind::text && row.kind != kind::metadata;
  if (!row.words.empty()) out = any_of({out, one_of(row.words)});
  if (closed) out = any_of({out, reference_to("variable")});
  return out;
}

json described(json what, const key& row) {
  if (!row.doc.empty()) what["description"] = row.doc;
  if (!row.preset.empty()) what["x-default"] = row.preset;
  return what;
}

json schema_of(const key& row) {
  if (!is_group(row)) return described(leaf(row), row);
  json object = below(&row);
  json shorthand = row.shorthand.empty() ? json() : leaf(*child(&row, row.shorthand));
  const bool may_be_empty = row.kind == kind::section && object["type"] == "object";
  if (shorthand.is_null() && !may_be_empty) return described(object, row);
  json choices = json::array({object});
  if (!shorthand.is_null()) choices.push_back(shorthand);
  if (may_be_empty) choices.push_back({{"type", "null"}});
  return described({{"anyOf", choices}}, row);
}

/// The object, or the array, with everything below `parent`.
json below(const key* parent) {
  json out = {{"type", "object"}};
  out["properties"] = json::object();
  out["additionalProperties"] = false;
  for (const key* row : rows_below(parent)) {
    if (last(*row) == "#") return {{"type", "array"}, {"items", schema_of(*row)}};
    if (!is_wildcard(*row)) {
      out["properties"][std::string(last(*row))] = schema_of(*row);
    } else if (row->kind == kind::listener) {
      out["patternProperties"]["^(.*:)?[0-9]+$"] = schema_of(*row);
    } else {
      out["additionalProperties"] = schema_of(*row);
    }
  }
  return out;
}

}  // namespace

std::string schema() {
  json out = {{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "sidespan configuration"}};
  out["definitions"]["variable"] = {
      {"type", "string"}, {"pattern", "\\$\\{"}, {"description", "${VAR}, ${VAR:-default} or ${VAR:?message}"}};
  out.update(below(nullptr));
  return out.dump(2) + "\n";
}

}  // namespace sidespan::config

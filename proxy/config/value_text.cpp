// SPDX-License-Identifier: Apache-2.0
//
// Values as YAML: the other direction of value.cpp.
#include <charconv>
#include <system_error>

#include "base/units.hpp"
#include "config/value.hpp"

namespace sidespan::config {
namespace {

std::string number_text(double number) {
  char digits[32];
  const auto done = std::to_chars(digits, digits + sizeof digits, number);
  return done.ec == std::errc{} ? std::string(digits, done.ptr) : "0";
}

std::string list_text(const key& row, const std::vector<std::string>& list) {
  if (list.size() == 1 && !row.words.empty()) {
    for (const std::string_view word : split(row.words, '|')) {
      if (word == list.front()) return list.front();
    }
  }
  std::string out;
  for (const std::string& item : list) out += (out.empty() ? "" : ", ") + yaml_scalar(item);
  return "[" + out + "]";
}

std::string sampler_text(const trace::sampler_settings& sampler) {
  using root = trace::sampler_settings::root_kind;
  std::string out = sampler.root == root::always_on ? "always_on" : "always_off";
  if (sampler.root == root::ratio) out = "{ ratio: " + number_text(sampler.ratio) + " }";
  return sampler.parent_based ? "{ parent_based: " + out + " }" : out;
}

std::string address_text(const address& where) {
  if (where.host.empty()) return "off";
  const bool v6 = where.host.find(':') != std::string::npos;
  return yaml_scalar((v6 ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port));
}

std::string address_of(const upstream::endpoint& where) {
  if (where.is_unix()) return "unix:" + where.host;
  const bool v6 = where.host.find(':') != std::string::npos;
  return (v6 ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port);
}

struct writer {
  const key& row;
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(bool on) const { return on ? "on" : "off"; }
  std::string operator()(std::uint64_t number) const {
    if (row.kind == kind::integer && number == 0 && row.words == "auto") return "auto";
    return row.kind == kind::size ? base::format_size(number) : std::to_string(number);
  }
  std::string operator()(double number) const { return number_text(number); }
  std::string operator()(std::chrono::milliseconds time) const { return base::format_duration(time); }
  std::string operator()(const std::string& text) const { return yaml_scalar(text); }
  std::string operator()(const std::vector<std::string>& list) const { return list_text(row, list); }
  std::string operator()(const address& where) const { return address_text(where); }
  std::string operator()(const forward::cluster_settings& to) const {
    const bool tcp = to.protocol == forward::cluster_settings::protocol::tcp;
    std::string out;
    for (const upstream::endpoint& each : to.endpoints)
      out += (out.empty() ? "" : ", ") + yaml_scalar((tcp && !each.is_unix() ? "tcp://" : "") + address_of(each));
    return to.endpoints.size() == 1 ? out : "[" + out + "]";
  }
  std::string operator()(const trace::sampler_settings& sampler) const { return sampler_text(sampler); }
};

/// Reads back as the same text in block and flow context, whatever YAML library does it.
bool is_plain(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("_./-:+ ").find(c) != std::string_view::npos;
  };
  if (text.empty() || text == "null" || text == "Null" || text == "NULL") return false;
  for (const char c : text) {
    if (!plain(c)) return false;
  }
  const bool edges =
      text.front() == ' ' || text.back() == ' ' || text.back() == ':' || text.front() == '-' || text.front() == ':';
  return !edges && text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos &&
         text.find("---") != 0;
}

}  // namespace

std::string yaml_scalar(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '$') {
      out += "$$";  // substitution happens in quoted scalars too
    } else if (byte < 0x20 || byte == 0x7f) {
      out += std::string("\\x") + digits[byte >> 4] + digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string to_yaml(const key& row, const value& checked) { return std::visit(writer{row}, checked); }

}  // namespace sidespan::config

// SPDX-License-Identifier: Apache-2.0
#include "config/substitute.hpp"

#include <algorithm>
#include <utility>

namespace sidespan::config {
namespace {

bool is_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (name.empty() || !letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// The value of what stands between `${` and `}`.
bool expand(std::string_view inside, const environment& variables, std::string& out) {
  const std::size_t colon = inside.find(':');
  const std::string_view name = inside.substr(0, colon);
  const std::string_view rule = colon == std::string_view::npos ? std::string_view{} : inside.substr(colon, 2);
  const std::string text(inside.substr(std::min(inside.size(), name.size() + rule.size())));
  const std::string shown = "${" + std::string(inside) + "}";
  if (!is_name(name) || (!rule.empty() && rule != ":-" && rule != ":?")) {
    out = shown + ": expected ${NAME}, ${NAME:-default} or ${NAME:?message}; a plain $ is written $$";
    return false;
  }
  if (text.find("${") != std::string::npos) {
    out = shown + "…: a variable inside a default is not supported";
    return false;
  }
  const auto found = variables.find(name);
  const bool set = found != variables.end() && (rule.empty() || !found->second.empty());
  if (set) return out = found->second, true;
  if (rule == ":-") return out = text, true;
  out = "environment variable " + std::string(name);
  out += rule == ":?" && !text.empty() ? ": " + text : " is not set; ${" + std::string(name) + ":-} allows that";
  return false;
}

}  // namespace

bool substitute(std::string_view text, const environment& variables, std::string& out) {
  std::string result;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    result += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar);
    if (text.substr(0, 2) != "${") {  // "$$" is one dollar, any other "$" is itself
      text.remove_prefix(text.substr(0, 2) == "$$" ? 2 : 1);
      result += '$';
      continue;
    }
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) return out = "\"${\" without \"}\"; a plain $ is written $$", false;
    std::string value;
    if (!expand(text.substr(2, end - 2), variables, value)) return out = std::move(value), false;
    result += value;
    text.remove_prefix(end + 1);
  }
  out = std::move(result);
  return true;
}

void substitute(node& tree, const environment& variables, const origin& where, report& problems) {
  for (node& item : tree.items) substitute(item, variables, where, problems);
  if (tree.kind != node::kind::scalar) return;
  std::string text;
  if (substitute(tree.text, variables, text)) {
    tree.text = std::move(text);
  } else {
    problems.error({where.layer, where.source, tree.line, tree.column}, text);
  }
}

}  // namespace sidespan::config

// SPDX-License-Identifier: Apache-2.0
#include "config/read.hpp"

#include <array>
#include <utility>

#include "base/text.hpp"
#include "config/address.hpp"
#include "config/load.hpp"
#include "config/suggest.hpp"

namespace sidespan::config {
namespace {

constexpr int deepest = 16;

class walk {
 public:
  walk(const origin& where, values& into, report& problems) : where_(where), into_(into), problems_(problems) {}

  /// `given` stands at path_, whose row is `row` (nullptr: the top).
  void visit(const key* row, const node& given) {
    if (row && row->kind == kind::later) return fail(given, "is not supported yet by this version");
    if (row && !is_group(*row)) return leaf(*row, given);
    if (row && row->kind == kind::listener && !check_listener()) return;
    if (row && row->assign) into_.set(path_, *row, std::monostate{}, at(given));
    section(row, given);
  }

 private:
  origin at(const node& given) const { return {where_.layer, where_.source, given.line, given.column}; }

  void fail(const node& given, const std::string& wrong) {
    const std::string name = dotted(path_);
    into_.mark_failed(path_);
    problems_.error(at(given), name.empty() ? wrong : name + ": " + wrong);
  }

  void leaf(const key& row, const node& given) {
    const std::string name = dotted(path_);
    if (auto checked = parse_value(row, given, name, where_, problems_)) {
      into_.set(path_, row, std::move(*checked), at(given));
    } else {
      into_.mark_failed(path_);
    }
  }

  void section(const key* row, const node& given) {
    const key* element = row ? child(row, "#") : nullptr;
    if (element && last(*element) == "#") return elements(*element, given);
    if (given.kind == node::kind::map) return entries(row, given);
    // `log:` with nothing below it is an empty section; a listener without anything is a mistake.
    if (given.kind == node::kind::null && row && row->kind != kind::listener && row->kind != kind::rule) return;
    if (row && !row->shorthand.empty()) {
      path_.emplace_back(row->shorthand);
      visit(child(row, row->shorthand), given);
      path_.pop_back();
      return;
    }
    fail(given, row ? "expected keys below it" : "expected keys like service: and inbound:");
  }

  void elements(const key& row, const node& given) {
    if (given.kind != node::kind::list) return fail(given, "expected a list, each element after a dash");
    for (std::size_t i = 0; i < given.items.size(); ++i) {
      path_.push_back(std::to_string(i));
      visit(&row, given.items[i]);
      path_.pop_back();
    }
  }

  void entries(const key* row, const node& given) {
    if (static_cast<int>(path_.size()) > deepest) return fail(given, "nested too deeply");
    for (std::size_t i = 0; i < given.items.size(); ++i) {
      const node& name = given.keys[i];
      const key* below = child(row, name.text);
      path_.push_back(name.text);
      key_ = &name;
      if (below) {
        visit(below, below->kind == kind::later ? name : given.items[i]);
      } else {
        fail(name, "unknown key" + did_you_mean(name.text, children(row)));
      }
      path_.pop_back();
    }
  }

  /// The key of a listener is where it listens.
  bool check_listener() {
    address where;
    const std::string wrong = parse_listen(path_.back(), "*", where);
    if (wrong.empty()) return true;
    const bool port = !path_.back().empty() && path_.back().find_first_not_of("0123456789.:[]") == std::string::npos;
    fail(*key_, port ? wrong : wrong + did_you_mean(path_.back(), {"proxy"}));
    return false;
  }

  const origin& where_;
  values& into_;
  report& problems_;
  path path_;
  const node* key_ = nullptr;
};

}  // namespace

std::string dotted(const path& path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (i > 0 && path[i - 1] == "routes") {
      out += "[" + path[i] + "]";
    } else {
      out += (out.empty() ? "" : ".") + path[i];
    }
  }
  return out;
}

void read_document(const node& tree, const origin& where, values& into, report& problems) {
  if (tree.kind == node::kind::null) return;
  walk(where, into, problems).visit(nullptr, tree);
}

namespace {

/// Looks for the first name of a path that is not in the table.
std::string nearest(const path& path) {
  const key* row = nullptr;
  for (const std::string& name : path) {
    const key* below = child(row, name);
    if (!below) return did_you_mean(name, children(row));
    row = below;
  }
  return "";
}

}  // namespace

void read_text(const path& path, std::string_view text, const origin& where, values& into, report& problems) {
  const key* row = row_at(path);
  if (!row) return problems.error(where, dotted(path) + ": unknown key" + nearest(path));
  node given;
  given.kind = node::kind::scalar;
  given.text = text;
  const bool list = row->kind == kind::list || row->kind == kind::networks;
  const bool structured = list || row->kind == kind::sampler;
  if (structured && text.find_first_of("[{") == 0) {
    auto parsed = parse_document(text, where, problems);
    if (!parsed) return;
    given = std::move(*parsed);
  } else if (list) {
    std::string_view rest = text;
    node words;
    words.kind = node::kind::list;
    while (auto word = base::next_list_element(rest)) {
      given.text = *word;
      words.items.push_back(given);
    }
    if (words.items.size() != 1) given = std::move(words);
  }
  if (auto checked = parse_value(*row, given, dotted(path), where, problems)) {
    into.set(path, *row, std::move(*checked), where);
  } else {
    into.mark_failed(path);
  }
}

void read_flags(const std::vector<flag>& flags, values& into, report& problems) {
  for (const flag& given : flags) {
    const origin where{origin::layer::flag, given.name, 0, 0};
    const bool listener = given.path.size() > 2 && (given.path[0] == "inbound" || given.path[0] == "outbound") &&
                          given.path[1] != "proxy";
    address bind;
    const std::string wrong = listener ? parse_listen(given.path[1], "*", bind) : "";
    if (wrong.empty()) {
      read_text(given.path, given.text, where, into, problems);
    } else {
      into.mark_failed(given.path);
      problems.error(where, wrong);
    }
  }
}

}  // namespace sidespan::config

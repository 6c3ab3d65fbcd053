// SPDX-License-Identifier: Apache-2.0
#include "config/document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace sidespan::config {
namespace {

struct refused : std::runtime_error {
  refused(int line_, int column_, const std::string& why) : std::runtime_error(why), line(line_), column(column_) {}
  int line;
  int column;
};

std::size_t count(const node& tree) {
  std::size_t total = 1 + tree.keys.size();
  for (const node& item : tree.items) total += count(item);
  return total;
}

/// Builds the tree from the events of one document. Events rather than the library's own nodes: those lose duplicate
/// keys and share what aliases point at.
class tree_builder final : public YAML::EventHandler {
 public:
  tree_builder(const origin& where, report& problems) : where_(where), problems_(problems) {}

  node take_root() { return std::move(root_); }
  bool has_document() const noexcept { return documents_ != 0; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      throw refused(mark.line + 1, mark.column + 1, "a second document: one file is one configuration");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(make(mark, node::kind::null), anchor); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end())
      throw refused(mark.line + 1, mark.column + 1, "an alias inside the value it stands for");
    charge(count(found->second), mark);
    node copy = found->second;
    place(std::move(copy));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    check_tag(mark, tag);
    node scalar = make(mark, node::kind::scalar);
    scalar.text = text;
    add(std::move(scalar), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open_.push_back({make(mark, node::kind::list), anchor, false});
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open_.push_back({make(mark, node::kind::map), anchor, true});
  }
  void OnMapEnd() override { close(); }

 private:
  struct open_collection {
    node tree;
    YAML::anchor_t anchor;
    bool wants_key;
    std::optional<node> key = std::nullopt;
  };

  node make(const YAML::Mark& mark, enum node::kind kind) {
    charge(1, mark);
    node out;
    out.kind = kind;
    out.line = mark.line + 1;
    out.column = mark.column + 1;
    return out;
  }

  void charge(std::size_t nodes, const YAML::Mark& mark) {
    nodes_ += nodes;
    if (nodes_ > most_nodes) {
      throw refused(mark.line + 1, mark.column + 1, "more than " + std::to_string(most_nodes) + " values");
    }
  }

  static void check_tag(const YAML::Mark& mark, const std::string& tag) {
    // "?" plain, "!" quoted; what a standard tag says, the key says better.
    if (tag.empty() || tag == "?" || tag == "!" || tag.rfind("tag:yaml.org,2002:", 0) == 0) return;
    throw refused(mark.line + 1, mark.column + 1, "tags are not supported: " + tag);
  }

  void close() {
    open_collection done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.tree), done.anchor);
  }

  void add(node value, YAML::anchor_t anchor) {
    if (anchor != 0) anchored_[anchor] = value;
    place(std::move(value));
  }

  void place(node value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    open_collection& parent = open_.back();
    if (parent.tree.kind == node::kind::list) {
      parent.tree.items.push_back(std::move(value));
    } else if (parent.wants_key) {
      parent.key = accept_key(parent.tree, std::move(value));
      parent.wants_key = false;
    } else {
      parent.wants_key = true;
      if (!parent.key) return;
      if (value.kind == node::kind::null) {  // the library places it at the next token
        value.line = parent.key->line;
        value.column = parent.key->column;
      }
      parent.tree.keys.push_back(std::move(*parent.key));
      parent.tree.items.push_back(std::move(value));
    }
  }

  std::optional<node> accept_key(const node& map, node key) {
    const origin at{where_.layer, where_.source, key.line, key.column};
    if (key.kind != node::kind::scalar) {
      problems_.error(at, key.kind == node::kind::null ? "a key is missing before ':'" : "a key must be a plain word");
      return std::nullopt;
    }
    if (key.text == "<<") {
      problems_.error(at, "merge keys (<<) are not part of YAML 1.2: write the keys out");
      return std::nullopt;
    }
    for (const node& other : map.keys) {
      if (other.text != key.text) continue;
      problems_.error(at, key.text + ": given twice, first in line " + std::to_string(other.line));
      return std::nullopt;
    }
    return key;
  }

  const origin& where_;
  report& problems_;
  node root_;
  std::vector<open_collection> open_;
  std::map<YAML::anchor_t, node> anchored_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

/// The bytes at 1-based line and column.
std::string_view text_at(std::string_view text, int line, int column) {
  for (int i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  const auto offset = static_cast<std::size_t>(column - 1);
  return offset < text.size() ? text.substr(offset) : std::string_view{};
}

std::string explain(const YAML::ParserException& error, std::string_view text) {
  const std::string_view before = text_at(text, error.mark.line + 1, error.mark.column);
  if (before.substr(0, 2) == "${")
    return "inside { } or [ ] YAML does not allow a bare ${…}: put it in quotes, \"${…}\"";
  if (text_at(text, error.mark.line + 1, 1).substr(0, 1) == "\t") return "a tab cannot indent YAML: use spaces";
  // The library's words for what people do most often.
  if (error.msg == "end of map flow not found") return "not valid YAML: a { is not closed, or a comma is missing";
  if (error.msg == "end of sequence flow not found") return "not valid YAML: a [ is not closed, or a comma is missing";
  if (error.msg == "end of map not found") return "not valid YAML: the indentation fits no map above";
  return "not valid YAML: " + error.msg;
}

}  // namespace

std::optional<node> parse_document(std::string_view text, const origin& where, report& problems) {
  origin at = where;
  try {
    if (text.size() > most_bytes) throw refused(1, 1, "larger than 1 MiB");
    if (text.find('\0') != std::string_view::npos) throw refused(1, 1, "contains a NUL byte: not a text file");
    std::istringstream input{std::string(text)};
    YAML::Parser parser(input);
    tree_builder builder(at, problems);
    while (parser.HandleNextDocument(builder)) continue;
    return builder.take_root();
  } catch (const refused& error) {
    at.line = error.line;
    at.column = error.column;
    problems.error(at, error.what());
  } catch (const YAML::ParserException& error) {
    at.line = error.mark.line + 1;
    at.column = error.mark.column + 1;
    problems.error(at, explain(error, text));
  } catch (const YAML::Exception& error) {
    problems.error(at, "not valid YAML: " + error.msg);
  }
  return std::nullopt;
}

}  // namespace sidespan::config

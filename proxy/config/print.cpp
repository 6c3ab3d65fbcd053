// SPDX-License-Identifier: Apache-2.0
#include "config/print.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <vector>

#include "config/read.hpp"

namespace sidespan::config {
namespace {

struct shown {
  std::string text;
  std::string origin;
};

/// What holds at a path; nullopt: neither given nor preset.
std::optional<shown> effective(const values& given, const path& at, const key& row) {
  if (const setting* found = given.find(at)) {
    return shown{row.secret ? "\"[redacted]\"" : to_yaml(row, found->value), describe(found->where)};
  }
  if (row.preset.empty()) return std::nullopt;
  return shown{std::string(row.preset), "default"};
}

/// Walks the table and the given values side by side, and calls `Sink` for groups and leaves in the order of the table.
template <typename Sink>
class traversal {
 public:
  traversal(const values& given, Sink& sink) : given_(given), sink_(sink) {}

  void below(const key* parent, const path& at) {
    for (const key* row : rows_below(parent)) {
      if (is_wildcard(*row)) {
        for (const std::string& name : names_below(at, *row)) one(*row, extended(at, name));
      } else {
        one(*row, extended(at, std::string(last(*row))));
      }
    }
  }

 private:
  static path extended(path at, std::string name) {
    at.push_back(std::move(name));
    return at;
  }

  /// The names people chose, in the order of first appearance.
  std::vector<std::string> names_below(const path& at, const key& row) const {
    std::vector<std::string> names;
    for (const setting& each : given_.all()) {
      if (each.row == &row && each.path.size() == at.size() + 1 &&
          std::equal(at.begin(), at.end(), each.path.begin())) {
        names.push_back(each.path.back());
      }
    }
    return names;
  }

  void one(const key& row, const path& at) {
    if (is_group(row)) {
      const bool present = !row.assign || given_.find(at);
      if (present) sink_.group(row, at, [&] { below(&row, at); });
    } else if (const auto value = effective(given_, at, row)) {
      sink_.leaf(at, *value);
    }
  }

  const values& given_;
  Sink& sink_;
};

class yaml_sink {
 public:
  explicit yaml_sink(bool origins) : origins_(origins) {}

  template <typename Below>
  void group(const key& row, const path& at, Below below) {
    const std::string before = out_;
    const bool element = last(row) == "#";
    if (!element) out_ += indent() + yaml_scalar(at.back()) + ":\n";
    const std::size_t start = out_.size();
    ++depth_;
    below();
    --depth_;
    if (out_.size() == start) {
      // A section that says nothing is left out, unless it says something by being there.
      out_ = row.assign ? before + indent() + (element ? "- {}\n" : yaml_scalar(at.back()) + ": {}\n") : before;
    } else if (element) {
      out_.replace(start + static_cast<std::size_t>(2 * depth_), 2, "- ");
    }
  }

  void leaf(const path& at, const shown& value) {
    out_ += indent() + yaml_scalar(at.back()) + ": " + value.text;
    if (origins_) out_ += "  # " + value.origin;
    out_ += "\n";
  }

  std::string take() { return std::move(out_); }

 private:
  std::string indent() const { return std::string(static_cast<std::size_t>(2 * depth_), ' '); }

  bool origins_;
  int depth_ = 0;
  std::string out_;
};

class json_sink {
 public:
  template <typename Below>
  void group(const key&, const path&, Below below) {
    below();
  }
  void leaf(const path& at, const shown& value) {
    list_.push_back({{"key", dotted(at)}, {"value", value.text}, {"origin", value.origin}});
  }
  std::string take() const { return list_.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"; }

 private:
  nlohmann::ordered_json list_ = nlohmann::ordered_json::array();
};

void comment_section(const char* section, const char* example, std::string& out) {
  const std::string header = std::string("# ") + section + ":\n";
  if (out.find(header) == std::string::npos) out += header;
  out += std::string("#   ") + example + ":\n";
  for (const key* row : rows_below(row_at(std::vector<std::string>{section, example}))) {
    if (row->preset.empty()) continue;
    out += "#     " + std::string(last(*row)) + ": " + std::string(row->preset) + "\n";
  }
}

}  // namespace

std::string print(const values& given) {
  yaml_sink sink(true);
  traversal(given, sink).below(nullptr, {});
  return sink.take();
}

std::string print_json(const values& given) {
  json_sink sink;
  traversal(given, sink).below(nullptr, {});
  return sink.take();
}

std::string problems_json(bool valid, const std::vector<problem>& problems) {
  nlohmann::ordered_json out = {{"valid", valid}, {"problems", nlohmann::ordered_json::array()}};
  for (const problem& each : problems) {
    const bool error = each.severity == problem::severity::error;
    out["problems"].push_back({{"severity", error ? "error" : "warning"},
                               {"source", each.where.source},
                               {"line", each.where.line},
                               {"column", each.where.column},
                               {"message", each.message}});
  }
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string print_defaults() {
  yaml_sink sink(false);
  const values none;
  traversal(none, sink).below(nullptr, {});
  std::string out =
      "# What holds when nothing is said. Required, and without a default: service, and one listener.\n# service:\n";
  comment_section("inbound", "8080", out);
  comment_section("outbound", "9001", out);
  comment_section("outbound", "proxy", out);
  return out + sink.take() + "# viewer: without this section there is none\n";
}

}  // namespace sidespan::config

// SPDX-License-Identifier: Apache-2.0
#include "config/report.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sidespan::config {

std::string describe(const origin& where) {
  if (where.layer == origin::layer::preset) return "default";
  if (where.line == 0) return where.source;
  return where.source + ":" + std::to_string(where.line);
}

std::string format(const problem& what) {
  std::string out = what.where.source;
  if (what.where.line != 0) out += ":" + std::to_string(what.where.line) + ":" + std::to_string(what.where.column);
  if (!out.empty()) out += ": ";
  if (what.severity == problem::severity::warning) out += "warning: ";
  return out + what.message;
}

void report::error(const origin& where, std::string message) {
  problems_.push_back({problem::severity::error, where, std::move(message)});
  ++errors_;
}

void report::warning(const origin& where, std::string message) {
  problems_.push_back({problem::severity::warning, where, std::move(message)});
}

std::vector<problem> report::sorted() const {
  std::vector<problem> out = problems_;
  const auto place = [](const problem& p) { return std::tuple(p.where.layer, p.where.line, p.where.column); };
  std::stable_sort(out.begin(), out.end(), [&](const problem& a, const problem& b) { return place(a) < place(b); });
  return out;
}

}  // namespace sidespan::config

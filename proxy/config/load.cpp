// SPDX-License-Identifier: Apache-2.0
#include "config/load.hpp"

#include <array>
#include <utility>

#include "base/text.hpp"
#include "config/build.hpp"
#include "config/document.hpp"
#include "config/read.hpp"

namespace sidespan::config {
namespace {

/// FNV-1a, 64 bits: tells two configurations apart, keeps no secrets.
std::string hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  std::array<std::uint8_t, 8> bytes{};
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(hash >> 56);
    hash <<= 8;
  }
  return base::to_hex(bytes);
}

}  // namespace

outcome load(const sources& from) {
  outcome out;
  report problems;
  const bool file = !from.file.empty();
  const origin where{file ? origin::layer::file : origin::layer::preset, from.file, 0, 0};
  bool whole = true;
  if (file) {
    auto tree = parse_document(from.text, where, problems);
    whole = tree.has_value();
    if (tree) {
      substitute(*tree, from.variables, where, problems);
      read_document(*tree, where, out.given, problems);
    }
  }
  read_otel_variables(from.variables, out.given, problems);
  read_variables(from.variables, out.given, problems);
  read_flags(from.flags, out.given, problems);
  // After a syntax error everything else would seem to be missing.
  if (whole) {
    const origin start{where.layer, where.source, file ? 1 : 0, file ? 1 : 0};
    app::settings settings = build(out.given, from.processors, start, problems);
    settings.config_path = from.file;
    settings.config_hash = file ? hash_of(from.text) : "none";
    if (!problems.failed()) out.settings = std::move(settings);
  }
  out.problems = problems.sorted();
  return out;
}

std::optional<app::embedded_viewer_settings> load_viewer(const sources& from, std::vector<problem>& problems) {
  values given;
  report wrong;
  environment ours;
  for (const auto& variable : from.variables) {
    if (variable.first.rfind("SIDESPAN_VIEWER_", 0) == 0) ours.insert(variable);
  }
  read_variables(ours, given, wrong);
  read_flags(from.flags, given, wrong);
  app::embedded_viewer_settings out = build_viewer(given, wrong);
  problems = wrong.sorted();
  if (wrong.failed()) return std::nullopt;
  return out;
}

}  // namespace sidespan::config

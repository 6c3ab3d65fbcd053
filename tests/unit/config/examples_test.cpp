// SPDX-License-Identifier: Apache-2.0
//
// What we show people must load: every file under config/, the demo's files, and every ```yaml block of README and
// docs.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "config/schema.hpp"

namespace {

using namespace sidespan;
namespace fs = std::filesystem;

const fs::path root = SIDESPAN_SOURCE_DIR;

std::string text_of(const fs::path& file) {
  std::ifstream input(file, std::ios::binary);
  INFO(file.string());
  REQUIRE(input.good());
  std::ostringstream out;
  out << input.rdbuf();
  return out.str();
}

std::vector<fs::path> files(const fs::path& below, const std::string& extension) {
  std::vector<fs::path> out;
  if (!fs::exists(below)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(below)) {
    if (entry.path().extension() == extension) out.push_back(entry.path());
  }
  return out;
}

struct block {
  int line;
  std::string text;
};

/// What stands between "```yaml" and "```".
std::vector<block> yaml_blocks(const std::string& markdown) {
  std::vector<block> out;
  std::istringstream lines(markdown);
  std::string line;
  bool inside = false;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      out.back().text += line + "\n";
    } else if (line == "```yaml") {
      inside = true;
      out.push_back({number, ""});
    }
  }
  return out;
}

void check_loads(const std::string& name, const std::string& text) {
  const config::outcome loaded = config::load({name, text, {}, {}, 1});
  for (const config::problem& each : loaded.problems) UNSCOPED_INFO(config::format(each));
  CHECK(loaded.settings.has_value());
  CHECK(loaded.problems.empty());
}

}  // namespace

TEST_CASE("examples: every file under config/ loads without a word") {
  const auto all = files(root / "config", ".yaml");
  CHECK(all.size() >= 5);
  for (const fs::path& file : all) check_loads(file.string(), text_of(file));
}

TEST_CASE("examples: the demo's sidecars load without a word") {
  for (const fs::path& file : files(root / "docker" / "demo" / "config", ".yaml"))
    check_loads(file.string(), text_of(file));
}

TEST_CASE("examples: every YAML block of README and docs loads without a word") {
  auto pages = files(root / "docs", ".md");
  if (fs::exists(root / "README.md")) pages.push_back(root / "README.md");
  std::size_t blocks = 0;
  for (const fs::path& page : pages) {
    for (const block& each : yaml_blocks(text_of(page))) {
      check_loads(page.string() + ":" + std::to_string(each.line), each.text);
      ++blocks;
    }
  }
  CHECK(blocks >= 2);
}

TEST_CASE("examples: docs/configuration.md is what the program says") {
  // sidespan config reference > docs/configuration.md
  CHECK((text_of(root / "docs" / "configuration.md") == config::reference()));
}

TEST_CASE("examples: config/sidespan.schema.json is what the program says") {
  // sidespan config schema > config/sidespan.schema.json
  CHECK((text_of(root / "config" / "sidespan.schema.json") == config::schema()));
}

// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a configuration file: it loads or says why not, with a place inside the file; what loads can be printed,
// and what is printed loads again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/load.hpp"
#include "config/print.hpp"

using namespace sidespan;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

config::outcome load(std::string text) {
  return config::load({"f.yaml", std::move(text), {{"SET", "a: ${b} 8080"}, {"EMPTY", ""}}, {}, 2});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const config::outcome first = load(std::string(reinterpret_cast<const char*>(data), size));
  bool error = false;
  for (const config::problem& each : first.problems) {
    error = error || each.severity == config::problem::severity::error;
    require(!each.message.empty());
    require(each.where.layer != config::origin::layer::file || (each.where.line >= 1 && each.where.column >= 1));
  }
  require(error != first.settings.has_value());
  if (!first.settings) return 0;
  require(!first.settings->service.empty() && !first.settings->listeners.empty());
  const std::string printed = config::print(first.given);
  const config::outcome second = load(printed);
  require(second.settings.has_value());
  require(second.settings->service == first.settings->service);
  require(second.settings->listeners.size() == first.settings->listeners.size());
  return 0;
}

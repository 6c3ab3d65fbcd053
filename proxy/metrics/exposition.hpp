// SPDX-License-Identifier: Apache-2.0
//
// Metrics as Prometheus text, format 0.0.4: the sum over all shards' registries, followed by samples that the rest of
// the program hands in (the exporter's books, build, process, configuration). Called by admin, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/registry.hpp"

namespace sidespan::metrics {

inline constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

/// One value from outside the registries. Samples of one name form one family: help and type are those of the first.
struct sample {
  enum class kind : std::uint8_t { counter, gauge };
  std::string name;  // [a-zA-Z_:][a-zA-Z0-9_:]*; others are left out, the page must stay readable
  std::string help;
  enum kind kind = kind::gauge;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0.0;
};

std::string exposition(std::span<const registry* const> shards, std::span<const sample> samples);
/// The second part alone, for samples that must not be older than what the registries say.
std::string exposition(std::span<const sample> samples);

}  // namespace sidespan::metrics

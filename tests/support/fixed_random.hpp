// SPDX-License-Identifier: Apache-2.0
//
// Chosen "random" bits: the given values in order, then a counter from 0x100 on; for unit tests, one thread.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/random.hpp"

namespace sidespan::support {

class fixed_random final : public base::random_source {
 public:
  fixed_random() = default;
  explicit fixed_random(std::vector<std::uint64_t> values) : values_(std::move(values)) {}
  std::uint64_t next() override { return drawn_ < values_.size() ? values_[drawn_++] : counter_++; }

 private:
  std::vector<std::uint64_t> values_;
  std::size_t drawn_ = 0;
  std::uint64_t counter_ = 0x100;
};

}  // namespace sidespan::support

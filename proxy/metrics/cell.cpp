// SPDX-License-Identifier: Apache-2.0
#include "metrics/cell.hpp"

#include <algorithm>
#include <numeric>

namespace sidespan::metrics {
namespace {

constexpr auto bounds_ns = [] {
  std::array<std::uint64_t, histogram::bounds.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint64_t>(histogram::bounds[i] * 1e9 + 0.5);
  return all;
}();

void add(std::atomic<std::uint64_t>& to, std::uint64_t n) noexcept {
  to.store(to.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace

histogram::value_type& histogram::value_type::operator+=(const value_type& other) noexcept {
  for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
  sum_ns += other.sum_ns;
  return *this;
}

std::uint64_t histogram::value_type::count() const noexcept {
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

void histogram::record(base::nanoseconds duration) noexcept {
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count()));
  const auto bucket = std::lower_bound(bounds_ns.begin(), bounds_ns.end(), ns) - bounds_ns.begin();
  add(buckets_[static_cast<std::size_t>(bucket)], 1);
  add(sum_ns_, ns);
}

histogram::value_type histogram::value() const noexcept {
  value_type copy;
  for (std::size_t i = 0; i < buckets_.size(); ++i) copy.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
  copy.sum_ns = sum_ns_.load(std::memory_order_relaxed);
  return copy;
}

}  // namespace sidespan::metrics

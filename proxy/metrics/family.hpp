// SPDX-License-Identifier: Apache-2.0
//
// A family: one metric name and its series, told apart by label values. at() is for the owning shard only and does not
// allocate once a series exists; visit() may run on any thread meanwhile. The number of series is bounded: what comes
// after the limit shares one series whose labels are all `other`, so sums stay true.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sidespan::metrics {

inline constexpr std::string_view overflow_label = "other";
/// Longer label values are no labels any more and count as `other`: series must be bounded in size, too.
inline constexpr std::size_t longest_label = 255;

template <class Cell, std::size_t Labels>
class family {
 public:
  /// Label values in the order of the family's label names; an empty value means the label is absent.
  using labels = std::array<std::string_view, Labels>;

  explicit family(std::size_t limit) : limit_(limit), series_(limit + 1), index_(index_size(limit + 1)) {}

  Cell& at(labels values) {
    if (latest_ != nullptr && same(*latest_, values)) return latest_->cell;  // requests of one kind come in rows
    for (std::string_view& value : values) value = value.size() > longest_label ? overflow_label : value;
    latest_ = find(values, hash_of(values));
    if (latest_ != nullptr) return latest_->cell;
    if (used_.load(std::memory_order_relaxed) >= limit_) return overflow();
    return add(values)->cell;
  }

  /// Calls with (labels, Cell::value_type) for each series, oldest first. Any thread.
  template <class Visit>
  void visit(Visit visit) const {
    const std::size_t used = used_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < used; ++i) {
      const series& one = *series_[i];
      labels views;
      for (std::size_t label = 0; label < Labels; ++label) views[label] = one.values[label];
      visit(views, one.cell.value());
    }
  }

 private:
  struct series {
    std::array<std::string, Labels> values;
    std::size_t hash = 0;
    Cell cell;
  };

  static std::size_t index_size(std::size_t series) noexcept {
    std::size_t size = 4;
    while (size < series * 2) size *= 2;
    return size;
  }
  static std::size_t hash_of(const labels& values) noexcept {
    std::size_t all = 0;
    for (const std::string_view value : values)
      all = (all ^ std::hash<std::string_view>{}(value)) * 0x9e3779b97f4a7c15U;
    return all ^ all >> 32;
  }

  static bool same(const series& one, const labels& values) noexcept {
    return std::equal(values.begin(), values.end(), one.values.begin());
  }
  series* find(const labels& values, std::size_t hash) const noexcept {
    for (std::size_t at = hash & (index_.size() - 1); index_[at] != nullptr; at = (at + 1) & (index_.size() - 1)) {
      series& one = *index_[at];
      if (one.hash == hash && same(one, values)) return &one;
    }
    return nullptr;
  }
  Cell& overflow() {
    if (overflow_ == nullptr) {
      labels others;
      others.fill(overflow_label);
      series* same = find(others, hash_of(others));
      overflow_ = same != nullptr ? same : add(others);
    }
    return overflow_->cell;
  }
  series* add(const labels& values) {
    auto made = std::make_unique<series>();
    for (std::size_t label = 0; label < Labels; ++label) made->values[label] = values[label];
    made->hash = hash_of(values);
    std::size_t at = made->hash & (index_.size() - 1);
    while (index_[at] != nullptr) at = (at + 1) & (index_.size() - 1);
    series* const place = index_[at] = made.get();
    const std::size_t used = used_.load(std::memory_order_relaxed);
    series_[used] = std::move(made);
    used_.store(used + 1, std::memory_order_release);  // a reader that sees the number sees the series
    return place;
  }

  std::size_t limit_;
  std::vector<std::unique_ptr<series>> series_;  // never grows: readers walk it
  std::vector<series*> index_;                   // open addressing; the writer's own
  series* overflow_ = nullptr;
  series* latest_ = nullptr;
  std::atomic<std::size_t> used_{0};
};

}  // namespace sidespan::metrics

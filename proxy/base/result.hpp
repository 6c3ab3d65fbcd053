// SPDX-License-Identifier: Apache-2.0
//
// result<T> is a value or a fault; what the data path returns instead of throwing. Any thread. Our own thin class
// over std::variant because boost::system::result 1.81 is not [[nodiscard]].
#pragma once

#include <cassert>
#include <utility>
#include <variant>

#include "base/fault.hpp"

namespace sidespan::base {

template <class T>
class [[nodiscard]] result {
 public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(fault error) : state_(std::in_place_index<1>, error) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }
  bool has_value() const noexcept { return state_.index() == 0; }

  T& operator*() & noexcept {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& operator*() const& noexcept {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& operator*() && noexcept {
    assert(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T* operator->() noexcept { return std::get_if<0>(&state_); }
  const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  /// Only valid when there is no value.
  const fault& error() const noexcept {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, fault> state_;
};

template <>
class [[nodiscard]] result<void> {
 public:
  result() noexcept = default;
  result(fault error) noexcept : error_(error), failed_(true) {}

  explicit operator bool() const noexcept { return !failed_; }
  bool has_value() const noexcept { return !failed_; }
  const fault& error() const noexcept {
    assert(failed_);
    return error_;
  }

 private:
  fault error_;
  bool failed_ = false;
};

}  // namespace sidespan::base

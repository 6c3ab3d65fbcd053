// SPDX-License-Identifier: Apache-2.0
//
// Random bits for trace and span ids, pseudonyms and jitter. An interface because tests inject fixed ids. The system
// source draws from the kernel in blocks (a system call per id would cost as much as the rest of the span); one object
// per thread, not shareable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sidespan::base {

class random_source {
 public:
  virtual ~random_source() = default;
  /// 64 uniformly random bits.
  virtual std::uint64_t next() = 0;
};

class system_random final : public random_source {
 public:
  /// Throws std::system_error when the kernel has no randomness to give (only conceivable at start-up).
  std::uint64_t next() override;

 private:
  void refill();
  std::array<std::uint64_t, 256> block_{};
  std::size_t used_ = 256;
};

}  // namespace sidespan::base

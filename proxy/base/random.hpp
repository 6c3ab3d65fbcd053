// SPDX-License-Identifier: Apache-2.0
//
// Random bits for trace and span ids, pseudonyms and jitter: they must not collide, but they are no secrets. An
// interface because tests inject fixed ids. The system source draws its 256-bit state from the kernel once and goes on
// by itself (xoshiro256++), for even a block of 2 KiB from the kernel every fifty requests showed in the profile. One
// object per thread, not shareable.
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
  system_random();
  std::uint64_t next() override;

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace sidespan::base

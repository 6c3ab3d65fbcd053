// SPDX-License-Identifier: Apache-2.0
//
// The place of a connection that pool::connect_raw() makes among those that its pool counts as open. Held by who wants
// one, from before it connects until it is closed. A shard's thread.
#pragma once

#include "upstream/pool.hpp"

namespace sidespan::upstream {

class raw_place {
 public:
  explicit raw_place(pool& of) noexcept : of_(of) { of_.count_one_more(); }
  ~raw_place() { --of_.open_; }
  raw_place(const raw_place&) = delete;
  raw_place& operator=(const raw_place&) = delete;

 private:
  pool& of_;
};

}  // namespace sidespan::upstream

// SPDX-License-Identifier: Apache-2.0
//
// What a shard lends to the messages under way on its connections: blocks for what is received. A shard's thread; only
// in_use() and freed() may be asked by others.
#pragma once

#include "net/blocks.hpp"

namespace sidespan::wire {

using buffer_pool = net::block_pool;

}  // namespace sidespan::wire

// SPDX-License-Identifier: Apache-2.0
//
// What a shard lends to the messages under way on its connections: blocks for what is received, text for what is
// written, memory for fields. What came back last is lent first, for it is still in the processor's caches. A shard's
// thread; only in_use() and freed() may be asked by others.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/fields.hpp"
#include "net/blocks.hpp"
#include "net/stream.hpp"

namespace sidespan::wire {

/// What has been serialised and not been written.
struct outgoing {
  std::string head;
  std::string tail;
  net::stream::pieces left;
};

class buffer_pool : public net::block_pool {
 public:
  explicit buffer_pool(std::size_t limit = unlimited) : block_pool(limit) {
    texts_.reserve(keep);
    fields_.reserve(keep);
  }

  std::unique_ptr<outgoing> take_text() {
    if (texts_.empty()) return std::make_unique<outgoing>();
    auto out = std::move(texts_.back());
    texts_.pop_back();
    return out;
  }
  void put(std::unique_ptr<outgoing> back) noexcept {
    back->head.clear();
    if (texts_.size() < keep && back->head.capacity() <= kept_text) texts_.push_back(std::move(back));
  }

  /// Empty; may have memory already.
  http::fields take_fields() {
    http::fields out;
    if (fields_.empty()) return out;
    out = std::move(fields_.back());
    fields_.pop_back();
    return out;
  }
  void put(http::fields back) noexcept {
    back.clear();
    if (fields_.size() < keep && back.room() != 0 && back.room() <= kept_fields) fields_.push_back(std::move(back));
  }

 private:
  static constexpr std::size_t keep = 64;
  static constexpr std::size_t kept_text = 16 * 1024;
  static constexpr std::size_t kept_fields = 128;

  std::vector<std::unique_ptr<outgoing>> texts_;
  std::vector<http::fields> fields_;
};

}  // namespace sidespan::wire

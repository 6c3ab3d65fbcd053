// SPDX-License-Identifier: Apache-2.0
//
// What the requests of one connection have in common, as the bytes that a span tells it in: most requests differ from
// the one before in their path only. Belongs to a downstream connection, whose peer it takes for granted; used by
// http_attributes on a shard's thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "trace/live_span.hpp"

namespace sidespan::trace {

struct request_facts;

class recurring {
 public:
  /// True: `span` was told all that a request like this one had told before. `facts` agree in everything but path,
  /// query and peer.
  bool tell(live_span& span, const request_facts& facts);
  /// What `span` says behind its first `offset` bytes is what `facts` say. A connection's first request teaches
  /// nothing: many have only one.
  void learn(const live_span& span, std::size_t offset, const request_facts& facts);

 private:
  static constexpr std::size_t texts = 6;
  struct likeness {
    std::array<std::string_view, texts> text;
    std::uint32_t numbers;
  };
  static likeness of(const request_facts& facts) noexcept;
  bool matches(const likeness& other) const noexcept;

  std::string known_;  // the texts of the likeness, one behind the other
  std::array<std::size_t, texts> sizes_{};
  std::uint32_t numbers_ = 0;
  unsigned misses_ = 0;
  std::string told_;
  std::uint64_t keys_ = 0;
};

}  // namespace sidespan::trace

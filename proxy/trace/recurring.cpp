// SPDX-License-Identifier: Apache-2.0
#include "trace/recurring.hpp"

#include <cstring>

#include "trace/http_attributes.hpp"

namespace sidespan::trace {
namespace {

template <class Word>
bool same_word(const char* a, const char* b) noexcept {
  Word left;
  Word right;
  std::memcpy(&left, a, sizeof left);
  std::memcpy(&right, b, sizeof right);
  return left == right;
}

/// The texts are short: a call of memcmp for each costs more than all of this.
bool same(const char* a, const char* b, std::size_t size) noexcept {
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (!same_word<std::uint64_t>(a + at, b + at)) return false;
    }
    return same_word<std::uint64_t>(a + size - 8, b + size - 8);
  }
  if (size >= 4) return same_word<std::uint32_t>(a, b) && same_word<std::uint32_t>(a + size - 4, b + size - 4);
  for (std::size_t at = 0; at < size; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

}  // namespace

recurring::likeness recurring::of(const request_facts& facts) noexcept {
  const http::request_head& head = *facts.head;
  return {{head.method, facts.scheme, facts.host, facts.route, facts.client_address,
           head.fields.value(http::field_id::user_agent)},
          static_cast<std::uint32_t>(facts.port) << 16 | static_cast<std::uint32_t>(head.version) << 1 |
              static_cast<std::uint32_t>(facts.route_inferred)};
}

bool recurring::matches(const likeness& other) const noexcept {
  if (numbers_ != other.numbers) return false;
  for (std::size_t i = 0; i < texts; ++i) {
    if (sizes_[i] != other.text[i].size()) return false;
  }
  const char* at = known_.data();
  for (const std::string_view text : other.text) {
    if (!same(at, text.data(), text.size())) return false;
    at += text.size();
  }
  return true;
}

bool recurring::tell(live_span& span, const request_facts& facts) {
  if (told_.empty() || !matches(of(facts))) return false;
  misses_ = 1;  // the next that differs is learned at once
  span.repeat(told_, keys_);
  return true;
}

/// Requests that all differ (many callers behind one connection) are not learned one by one.
void recurring::learn(const live_span& span, std::size_t offset, const request_facts& facts) {
  constexpr unsigned now_and_then = 16;
  ++misses_;
  if (misses_ != 2 && misses_ % now_and_then != 0) return;
  const likeness now = of(facts);
  known_.clear();
  for (std::size_t i = 0; i < texts; ++i) {
    known_ += now.text[i];
    sizes_[i] = now.text[i].size();
  }
  numbers_ = now.numbers;
  told_ = span.told().substr(offset);
  keys_ = span.keys();
}

}  // namespace sidespan::trace

// SPDX-License-Identifier: Apache-2.0
//
// URL text for attributes without the secrets it may carry (SC-30), put together in a bounded buffer so that a span
// does not pay an allocation for it. Pure; used by http_attributes, one thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace sidespan::trace {

/// Text on the stack; what does not fit is left out. Larger than any attribute by one UTF-8 character, so that
/// live_span finds a clean place to cut.
class bounded_text {
 public:
  void append(std::string_view text) noexcept {
    const std::size_t taken = std::min(text.size(), buffer_.size() - size_);
    if (taken != 0) std::memcpy(buffer_.data() + size_, text.data(), taken);
    size_ += taken;
  }
  std::string_view view() const noexcept { return {buffer_.data(), size_}; }

 private:
  std::array<char, 4096 + 4> buffer_;
  std::size_t size_ = 0;
};

/// `query` (without `?`) with the value of every parameter named in `keys` as `REDACTED`; names are compared exactly.
void append_redacted_query(bounded_text& out, std::string_view query, std::span<const std::string> keys) noexcept;

/// What a URL is made of; all views.
struct url_parts {
  std::string_view scheme;
  std::string_view host;  // IPv6 without brackets; user information before `@` is replaced by REDACTED:REDACTED
  unsigned port = 0;      // 0 or the default of the scheme: not written
  std::string_view path;
};
/// `scheme://host:port/path`, the part of url.full before the query.
void append_url(bounded_text& out, const url_parts& url) noexcept;

/// 80, 443, or 0 for a scheme that has none.
unsigned default_port(std::string_view scheme) noexcept;

}  // namespace sidespan::trace

// SPDX-License-Identifier: Apache-2.0
#include "wire/h1_output.hpp"

namespace sidespan::wire {

void h1_output::reset() noexcept {
  head_.clear();
  tail_.clear();
  if (head_.capacity() > kept_capacity) head_.shrink_to_fit();
  chunked_ = false;
}

std::optional<bool> h1_output::write_now(net::stream& to, std::string_view bytes, bool last,
                                         const http::fields* trailers) {
  tail_.clear();
  if (chunked_ && !bytes.empty()) {
    http1::encode_chunk_head(bytes.size(), head_);
    tail_ = "\r\n";
  }
  if (chunked_ && last) http1::encode_last_chunk(trailers, tail_);
  left_ = {head_, bytes, tail_};
  if (!head_.empty() && bytes.size() + tail_.size() <= copied_content) {
    head_.append(bytes).append(tail_);
    left_ = {head_};
  }
  const std::optional<std::size_t> sent = to.try_write(left_);
  if (!sent) return std::nullopt;
  if (net::stream::skip(left_, *sent) != 0) return false;
  head_.clear();
  return true;
}

net::task<std::optional<net::io_end>> h1_output::flush(net::stream& to, net::pace limit) {
  to.write_limit(limit);
  const auto end = co_await to.write(left_);
  to.no_write_limit();
  head_.clear();
  co_return end;
}

}  // namespace sidespan::wire

// SPDX-License-Identifier: Apache-2.0
#include "wire/h1_output.hpp"

namespace sidespan::wire {

std::optional<bool> h1_output::write_now(net::stream& to, std::string_view bytes, bool last,
                                         const http::fields* trailers) {
  std::string& head = this->head();
  outgoing& out = *out_;
  out.tail.clear();
  if (chunked_ && !bytes.empty()) {
    http1::encode_chunk_head(bytes.size(), head);
    out.tail = "\r\n";
  }
  if (chunked_ && last) http1::encode_last_chunk(trailers, out.tail);
  out.left = {head, bytes, out.tail};
  if (!head.empty() && bytes.size() + out.tail.size() <= copied_content) {
    head.append(bytes).append(out.tail);
    out.left = {head};
  }
  const std::optional<std::size_t> sent = to.try_write(out.left);
  if (!sent) return std::nullopt;
  if (net::stream::skip(out.left, *sent) != 0) return false;
  give_back();
  return true;
}

net::task<std::optional<net::io_end>> h1_output::flush(net::stream& to, net::pace limit) {
  to.write_limit(limit);
  const auto end = co_await to.write(out_->left);
  to.no_write_limit();
  give_back();
  co_return end;
}

}  // namespace sidespan::wire

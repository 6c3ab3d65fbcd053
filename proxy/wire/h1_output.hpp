// SPDX-License-Identifier: Apache-2.0
//
// The writing half of an HTTP/1.1 connection, common to h1_server and h1_client: a head waits here for the first piece
// of its body, so that both go out in one system call, and bodies get their chunk framing. A shard's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http1/encoder.hpp"
#include "net/stream.hpp"

namespace sidespan::wire {

class h1_output {
 public:
  /// Before a message.
  void reset() noexcept;
  /// Where the head is serialised to.
  std::string& head() noexcept { return head_; }
  /// The body that follows is framed in chunks.
  void chunked(bool yes) noexcept { chunked_ = yes; }

  /// Writes what waits, `bytes` and their framing as far as the socket takes them. True: all of it; false: flush() must
  /// be awaited, and `bytes` stay, before anything else is written; nullopt: the connection is broken.
  std::optional<bool> write_now(net::stream& to, std::string_view bytes, bool last, const http::fields* trailers);
  /// Waits until the rest is written. nullopt is success.
  net::task<std::optional<net::io_end>> flush(net::stream& to, net::pace limit);

 private:
  static constexpr std::size_t kept_capacity = 16 * 1024;
  /// Less content than this is copied behind its head: cheaper than having the kernel gather it.
  static constexpr std::size_t copied_content = 1024;

  std::string head_;
  std::string tail_;
  net::stream::pieces left_;
  bool chunked_ = false;
};

}  // namespace sidespan::wire

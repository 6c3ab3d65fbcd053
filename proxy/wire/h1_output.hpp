// SPDX-License-Identifier: Apache-2.0
//
// The writing half of an HTTP/1.1 connection, common to h1_server and h1_client: a head waits here for the first piece
// of its body, so that both go out in one system call, and bodies get their chunk framing. A shard's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http1/encoder.hpp"
#include "net/stream.hpp"
#include "wire/buffers.hpp"

namespace sidespan::wire {

class h1_output {
 public:
  explicit h1_output(buffer_pool& pool) noexcept : pool_(pool) {}
  ~h1_output() { reset(); }
  h1_output(const h1_output&) = delete;
  h1_output& operator=(const h1_output&) = delete;

  /// Before a message.
  void reset() noexcept {
    give_back();
    chunked_ = false;
  }
  /// Where the head is serialised to.
  std::string& head() {
    if (!out_) out_ = pool_.take_text();
    return out_->head;
  }
  /// The body that follows is framed in chunks.
  void chunked(bool yes) noexcept { chunked_ = yes; }

  /// Writes what waits, `bytes` and their framing as far as the socket takes them. True: all of it; false: flush() must
  /// be awaited, and `bytes` stay, before anything else is written; nullopt: the connection is broken.
  std::optional<bool> write_now(net::stream& to, std::string_view bytes, bool last, const http::fields* trailers);
  /// Waits until the rest is written. nullopt is success.
  net::task<std::optional<net::io_end>> flush(net::stream& to, net::pace limit);

 private:
  /// Less content than this is copied behind its head: cheaper than having the kernel gather it.
  static constexpr std::size_t copied_content = 1024;

  void give_back() noexcept {
    if (out_) pool_.put(std::move(out_));
  }

  buffer_pool& pool_;
  std::unique_ptr<outgoing> out_;  // while something waits to be written
  bool chunked_ = false;
};

}  // namespace sidespan::wire

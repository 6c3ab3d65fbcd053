// SPDX-License-Identifier: Apache-2.0
//
// An upstream HTTP/1.1 connection, one exchange at a time (decision 9). Owned by upstream/pool while idle and by a
// lease while in use; a shard's thread.
#pragma once

#include <memory>
#include <string>

#include "wire/h1_input.hpp"
#include "wire/h1_output.hpp"

namespace sidespan::wire {

class h1_client final : public client_exchange {
 public:
  /// `idle`: longest silence of a body in transfer, 0: none.
  h1_client(std::unique_ptr<net::stream> stream, buffer_pool& pool, const http1::head_limits& limits,
            std::chrono::milliseconds idle);

  /// Before each exchange.
  void begin(std::chrono::milliseconds idle);
  /// After it: both messages are complete and the upstream keeps the connection (RFC 9112 §9.3).
  bool reusable() const noexcept;
  /// Exchanges that it has been used for, the present one included.
  std::uint64_t served() const noexcept { return exchanges_; }
  /// The last request had content: an upstream that did not read all of it may have reset the connection.
  bool had_content() const noexcept { return had_content_; }
  /// From here on it idles.
  void rest() noexcept {
    input_.start_message();
    pool_.put(std::move(response_.fields));
    stream_->listen();
  }
  /// While idle: still open, and nothing came that nobody asked for (RS-8), as far as the loop has heard.
  bool undisturbed() const noexcept { return stream_->undisturbed(); }
  /// The same, asked of the kernel.
  bool quiet() noexcept { return stream_->quiet(); }
  net::stream& stream() noexcept { return *stream_; }

  void put_head(const http::request_head& head, std::string_view target, http::body_size size) override;
  base::result<bool> write_now(std::string_view bytes, bool last, const http::fields* trailers) override;
  net::task<base::result<void>> flush() override;
  net::task<base::result<void>> read_head() override;
  http::response_head& response() noexcept override { return response_; }
  http::body_size response_size() const noexcept override { return decoded_.body; }
  base::result<bool> body_at_hand(body_piece& out) override { return input_.body_at_hand(out); }
  net::task<base::result<body_piece>> read_body() override { return input_.read_body(idle_); }
  bool persistent() const noexcept override { return decoded_.keep_alive; }
  const http::fields& response_trailers() const noexcept override { return input_.trailers(); }
  bool untouched() const noexcept override { return untouched_; }
  bool reused() const noexcept override { return exchanges_ > 1; }
  const std::string& peer_address() const noexcept override { return stream_->peer_address(); }
  std::uint16_t peer_port() const noexcept override { return stream_->peer().port(); }
  bool peer_is_this_host() const noexcept override {
    return stream_->peer().address().is_loopback() || stream_->local().address() == stream_->peer().address();
  }
  void interrupt(bool as_timeout) noexcept override {
    broken_ = true;  // also when both messages happen to be complete by then
    stream_->interrupt(as_timeout);
  }
  raw_connection raw() noexcept override {
    broken_ = true;  // never to be leased again
    response_.clear();
    // The block that the 101 came in is not pinned for as long as the tunnel lasts.
    if (input_.unread().empty()) input_.start_message();
    return raw_connection(stream_.get(), input_.unread());
  }

 private:
  /// True: a head is complete; false: more bytes are needed.
  base::result<bool> take_head();

  std::unique_ptr<net::stream> stream_;
  buffer_pool& pool_;
  h1_input input_;
  http1::head_limits limits_;
  std::chrono::milliseconds idle_;
  http::response_head response_;
  http1::decoded_head decoded_;
  std::string method_;
  h1_output output_;
  std::size_t scanned_ = 0;
  std::uint64_t exchanges_ = 0;
  bool had_content_ = false;
  bool head_sent_ = false;
  bool request_complete_ = false;
  bool head_seen_ = false;  // a final response head
  bool untouched_ = true;
  bool broken_ = false;
};

}  // namespace sidespan::wire

// SPDX-License-Identifier: Apache-2.0
//
// A downstream HTTP/1.1 connection: reads one request after the other, never two at a time, and writes their responses
// (stage parse). Owned by forward/connection; a shard's thread.
#pragma once

#include <memory>
#include <string>

#include "wire/h1_input.hpp"
#include "wire/h1_output.hpp"

namespace sidespan::wire {

struct h1_server_limits {
  http1::head_limits head;
  std::chrono::milliseconds head_timeout{30000};        // first byte to end of head; 0: none
  std::chrono::milliseconds idle_timeout{60000};        // of silent bodies; 0: none
  std::chrono::milliseconds keep_alive_timeout{60000};  // until the first byte of a request; 0: none
  std::uint64_t min_rate = 0;                           // bytes per second of bodies either way; 0: none
  std::chrono::milliseconds linger{30000};              // longest reading of content behind the answer to it
  std::chrono::milliseconds linger_silence{2000};       // and without anything; of what nobody announced, at all
};

class h1_server final : public server_exchange {
 public:
  h1_server(std::unique_ptr<net::stream> stream, buffer_pool& pool, const h1_server_limits& limits);
  ~h1_server() override;

  /// From the next request on.
  void set_limits(const h1_server_limits& limits) noexcept { limits_ = limits; }
  /// Waits for the next request. False: the connection ended between requests (closed, idle time-out, reset). Faults:
  /// the request is malformed, too large or too slow; answer with a local reply and close.
  net::task<base::result<bool>> next();
  /// After the response: may there be another request on this connection?
  bool may_continue() const noexcept;
  /// No bytes of a request have arrived since the last response: closing now loses nothing.
  bool idle() const noexcept { return idle_; }
  /// While idle in next(): for how long, to some 40 ms.
  std::chrono::milliseconds idle_for() const noexcept { return limits_.keep_alive_timeout - stream_->limit_left(); }
  /// Nothing has arrived that was not read, and the peer has not closed. Costs a system call.
  bool quiet() noexcept { return stream_->quiet(); }
  /// Closes when that loses nothing: the caller has announced that it sends nothing more (RFC 9112 §9.6), and all it
  /// sent has been read. False: not so, close_gently().
  bool close_at_once() noexcept;
  /// Closes so that the peer gets all that was sent (RFC 9112 §9.6): FIN, then reads until FIN. The content that the
  /// head announced is read while it comes and is well-formed, anything else for 1 MiB or 2 s.
  net::task<void> close_gently();
  /// Content behind its answer is read for `linger_silence` more at most, from now or from close_gently() on.
  void hurry() noexcept;

  http::request_head& request() noexcept override { return request_; }
  http::body_size request_size() const noexcept override { return decoded_.body; }
  std::string_view first_line() const noexcept override;
  base::arena& arena() noexcept override { return arena_; }
  const std::string& peer_address() const noexcept override { return stream_->peer_address(); }
  std::uint16_t peer_port() const noexcept override { return stream_->peer().port(); }
  base::result<bool> body_at_hand(body_piece& out) override { return input_.body_at_hand(out); }
  net::task<base::result<body_piece>> read_body() override {
    return limits_.min_rate == 0 ? input_.read_body(limits_.idle_timeout) : read_at_rate();
  }
  const http::fields& request_trailers() const noexcept override { return input_.trailers(); }
  net::task<base::result<void>> send_interim(const http::response_head& head) override;
  void put_head(const http::response_head& head, http::body_size size) override;
  base::result<bool> write_now(std::string_view bytes, bool last, const http::fields* trailers) override;
  net::task<base::result<void>> flush() override;
  bool response_started() const noexcept override { return started_ || broken_; }
  bool peer_reset() const noexcept override { return stream_->peer_reset(); }
  bool accepts_trailers() const noexcept override { return accepts_trailers_; }
  bool stay_for_content() noexcept override;
  void close_after() noexcept override { close_after_ = true; }
  void abort() noexcept override;
  void stop_reading() noexcept override {
    reading_stopped_ = true;
    stays_ = false;
    stream_->stop_waiting();
  }
  void interrupt(bool as_timeout) noexcept override { stream_->interrupt(as_timeout); }
  raw_connection raw() noexcept override {
    close_after_ = true;
    return raw_connection(stream_.get(), input_.unread());
  }

 private:
  void begin_exchange();
  /// True: the head is complete; false: more bytes are needed.
  base::result<bool> take_head();
  net::task<base::result<body_piece>> read_at_rate();
  net::task<bool> read_off_body();
  std::chrono::milliseconds grace() const noexcept;

  std::unique_ptr<net::stream> stream_;
  buffer_pool& pool_;
  h1_server_limits limits_;
  h1_input input_;
  base::arena arena_;
  http::request_head request_;
  http1::decoded_head decoded_;
  std::string method_;  // the head is changed in place on its way; this is what the response depends on
  h1_output output_;
  std::size_t scanned_ = 0;
  std::uint64_t body_bytes_ = 0;                      // read at a rate, and
  std::chrono::steady_clock::duration body_wait_{0};  // how long that was waited for
  bool idle_ = true;
  bool started_ = false;   // a final response is on its way
  bool complete_ = false;  // the response has been written whole
  bool close_after_ = false;
  bool stays_ = false;  // content is read on behind the head of its response
  bool broken_ = false;
  bool hurried_ = false;
  bool reading_stopped_ = false;  // by us
  std::chrono::steady_clock::time_point linger_end_{};
  bool accepts_trailers_ = false;
  bool awaits_continue_ = false;  // looked at when there is a rate to keep
};

}  // namespace sidespan::wire

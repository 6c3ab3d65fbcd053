// SPDX-License-Identifier: Apache-2.0
#include "wire/h1_server.hpp"

#include "base/text.hpp"
#include "wire/date.hpp"

namespace sidespan::wire {

using base::result;
using base::side;
using base::stage;

h1_server::h1_server(std::unique_ptr<net::stream> stream, buffer_pool& pool, const h1_server_limits& limits)
    : stream_(std::move(stream)), limits_(limits), input_(*stream_, pool, side::downstream), local_port_(stream_->local().port()) {}

void h1_server::begin_exchange() {
  input_.start_message();
  arena_.reset();
  request_.clear();
  decoded_ = {};
  out_.clear();
  if (out_.capacity() > 16 * 1024) out_.shrink_to_fit();
  started_ = complete_ = chunked_ = accepts_trailers_ = false;
  idle_ = input_.unread().empty();
}

net::task<result<bool>> h1_server::next() {
  begin_exchange();
  stream_->limit(idle_ ? limits_.idle_timeout : limits_.head_timeout);
  const result<bool> got = co_await read_request();
  stream_->no_limit();
  co_return got;
}

net::task<result<bool>> h1_server::read_request() {
  std::size_t scanned = 0;
  while (true) {
    if (!input_.unread().empty()) {
      const auto head = http1::decode_request_head(input_.unread(), scanned, limits_.head, request_);
      if (!head) co_return head.error();
      if (head->consumed != 0) {
        decoded_ = *head;
        break;
      }
    }
    const net::stream::read_result got = co_await input_.fill_head();
    if (got.bytes == 0) {
      if (idle_) co_return false;
      co_return read_fault(side::downstream, got.end, stage::parse);
    }
    if (idle_) stream_->limit(limits_.head_timeout);
    idle_ = false;
  }
  input_.consume(decoded_.consumed);
  input_.start_body(decoded_);
  method_.assign(request_.method);
  close_after_ = close_after_ || !decoded_.keep_alive;
  accepts_trailers_ = false;
  for (const http::field& field : request_.fields) {
    if (field.id == http::field_id::te && base::iequals(field.value, "trailers")) accepts_trailers_ = true;
  }
  co_return true;
}

bool h1_server::may_continue() const noexcept { return complete_ && !close_after_ && !broken_ && input_.body_done(); }

net::task<result<void>> h1_server::send_interim(const http::response_head& head) {
  result<void> done;
  if (request_.version == http::version::http_1_0) co_return done;
  std::string text;
  http1::encode_response_head(head, method_, http::version::http_1_1, http::body_size{}, http1::persistence::keep, {}, text);
  stream_->limit(limits_.idle_timeout);
  net::stream::pieces pieces{text};
  const auto end = co_await stream_->write(pieces);
  stream_->no_limit();
  if (end) done = write_fault(side::downstream, *end, stage::send_head);
  co_return done;
}

void h1_server::put_head(const http::response_head& head, http::body_size size) {
  started_ = true;
  // What is left of the request cannot be told from the next one once the response is out, so the connection ends with it.
  if (!input_.body_done()) close_after_ = true;
  // Only closing can end a body of unknown length for a 1.0 downstream (RS-4).
  if (request_.version == http::version::http_1_0) close_after_ = true;
  const auto persist = close_after_ ? http1::persistence::close : http1::persistence::keep;
  chunked_ = http1::encode_response_head(head, method_, request_.version, size, persist, imf_fixdate_now(), out_);
}

net::task<result<void>> h1_server::write(std::string_view bytes, bool last, const http::fields* trailers) {
  result<void> done;
  std::string_view tail;
  std::string end_text;
  if (chunked_ && !bytes.empty()) {
    http1::encode_chunk_head(bytes.size(), out_);
    tail = "\r\n";
  }
  if (chunked_ && last) {
    end_text.assign(tail);
    http1::encode_last_chunk(trailers, end_text);
    tail = end_text;
  }
  net::stream::pieces pieces{out_, bytes, tail};
  const auto sent = stream_->try_write(pieces);
  if (!sent) {
    broken_ = true;
    done = write_fault(side::downstream, net::io_end::reset, stage::send_body);
    co_return done;
  }
  if (*sent < out_.size() + bytes.size() + tail.size()) {
    net::stream::skip(pieces, *sent);
    stream_->limit(limits_.idle_timeout);
    const auto end = co_await stream_->write(pieces);
    stream_->no_limit();
    if (end) {
      broken_ = true;
      done = write_fault(side::downstream, *end, stage::send_body);
      co_return done;
    }
  }
  out_.clear();
  complete_ = last;
  co_return done;
}

void h1_server::abort() noexcept {
  broken_ = true;
  stream_->abort();
}

net::task<void> h1_server::close_gently() {
  if (!stream_->is_open()) co_return;
  if (broken_) {
    stream_->close();
    co_return;
  }
  stream_->shut_write();
  stream_->limit(std::chrono::seconds(2));
  std::array<char, 4096> scratch;
  std::size_t drained = 0;
  while (drained < 1024 * 1024) {
    const std::span<char> room(scratch);
    const net::stream::read_result got = co_await stream_->read_some(room);
    if (got.bytes == 0) break;
    drained += got.bytes;
  }
  stream_->close();
}

}  // namespace sidespan::wire

// SPDX-License-Identifier: Apache-2.0
#include "wire/h1_client.hpp"

namespace sidespan::wire {

using base::result;
using base::side;
using base::stage;

h1_client::h1_client(std::unique_ptr<net::stream> stream, buffer_pool& pool, const http1::head_limits& limits, std::chrono::milliseconds idle)
    : stream_(std::move(stream)), input_(*stream_, pool, side::upstream), limits_(limits), idle_(idle) {}

void h1_client::begin(std::chrono::milliseconds idle) {
  idle_ = idle;
  ++exchanges_;
  input_.start_message();
  response_.clear();
  decoded_ = {};
  out_.clear();
  chunked_ = request_complete_ = head_seen_ = broken_ = false;
  untouched_ = true;
}

bool h1_client::reusable() const noexcept {
  return request_complete_ && head_seen_ && !broken_ && decoded_.keep_alive && input_.body_done() && input_.unread().empty();
}

void h1_client::put_head(const http::request_head& head, std::string_view target, http::body_size size) {
  method_.assign(head.method);
  chunked_ = size.kind == http::body_size::kind::unknown;
  http1::encode_request_head(head, target, size, http1::persistence::keep, out_);
}

net::task<result<void>> h1_client::write(std::string_view bytes, bool last, const http::fields* trailers) {
  result<void> done;
  std::string_view tail;
  std::string end_text;
  const stage at = out_.empty() ? stage::send_body : stage::send_head;
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
    done = write_fault(side::upstream, net::io_end::reset, at);
    co_return done;
  }
  if (*sent < out_.size() + bytes.size() + tail.size()) {
    net::stream::skip(pieces, *sent);
    stream_->limit(idle_);
    const auto end = co_await stream_->write(pieces);
    stream_->no_limit();
    if (end) {
      broken_ = true;
      done = write_fault(side::upstream, *end, at);
      co_return done;
    }
  }
  out_.clear();
  request_complete_ = last;
  co_return done;
}

net::task<result<void>> h1_client::read_head() {
  result<void> done;
  if (!untouched_) {
    // The head before was an interim one; its views are no longer needed.
    input_.start_message();
  }
  std::size_t scanned = 0;
  while (true) {
    if (!input_.unread().empty()) {
      response_.clear();
      const auto head = http1::decode_response_head(input_.unread(), scanned, limits_, method_, response_);
      if (!head) {
        broken_ = true;
        done = head.error();
        co_return done;
      }
      if (head->consumed != 0) {
        decoded_ = *head;
        break;
      }
    }
    const net::stream::read_result got = co_await input_.fill_head();
    if (got.bytes == 0) {
      broken_ = true;
      done = read_fault(side::upstream, got.end, stage::read_head);
      co_return done;
    }
    untouched_ = false;
  }
  input_.consume(decoded_.consumed);
  if (response_.status >= 200) {
    head_seen_ = true;
    input_.start_body(decoded_);
  }
  co_return done;
}

}  // namespace sidespan::wire

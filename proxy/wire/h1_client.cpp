// SPDX-License-Identifier: Apache-2.0
#include "wire/h1_client.hpp"

namespace sidespan::wire {

using base::result;
using base::side;
using base::stage;

h1_client::h1_client(std::unique_ptr<net::stream> stream, buffer_pool& pool, const http1::head_limits& limits,
                     std::chrono::milliseconds idle)
    : stream_(std::move(stream)),
      pool_(pool),
      input_(*stream_, pool, side::upstream),
      limits_(limits),
      idle_(idle),
      output_(pool) {}

void h1_client::begin(std::chrono::milliseconds idle) {
  idle_ = idle;
  ++exchanges_;
  input_.start_message();
  response_.clear();
  decoded_ = {};
  output_.reset();
  head_sent_ = request_complete_ = head_seen_ = broken_ = false;
  untouched_ = true;
}

bool h1_client::reusable() const noexcept {
  return request_complete_ && head_seen_ && !broken_ && decoded_.keep_alive && input_.body_done() &&
         input_.unread().empty();
}

void h1_client::put_head(const http::request_head& head, std::string_view target, http::body_size size) {
  method_.assign(head.method);
  had_content_ = size.present();
  output_.chunked(size.kind == http::body_size::kind::unknown);
  http1::encode_request_head(head, target, size, http1::persistence::keep, output_.head());
}

result<bool> h1_client::write_now(std::string_view bytes, bool last, const http::fields* trailers) {
  const auto all = output_.write_now(*stream_, bytes, last, trailers);
  const stage at = head_sent_ ? stage::send_body : stage::send_head;
  head_sent_ = true;
  broken_ = broken_ || !all;
  if (!all) return write_fault(side::upstream, net::io_end::reset, at);
  request_complete_ = last;
  return *all;
}

net::task<result<void>> h1_client::flush() {
  result<void> done;
  const auto end = co_await output_.flush(*stream_, net::pace(idle_));
  if (end) {
    broken_ = true;
    done = write_fault(side::upstream, *end, stage::send_body);
  }
  co_return done;
}

net::task<result<void>> h1_client::read_head() {
  result<void> done;
  // The head before was an interim one; its views are no longer needed.
  if (!untouched_) input_.start_message();
  scanned_ = 0;
  while (true) {
    const result<bool> complete = take_head();
    if (!complete) {
      broken_ = true;
      done = complete.error();
      co_return done;
    }
    if (*complete) co_return done;
    if (!input_.make_room()) {
      broken_ = true;
      done = no_buffers(stage::read_head);
      co_return done;
    }
    net::error_code ec;
    const std::size_t got = co_await input_.read(ec);
    if (got == 0) {
      broken_ = true;
      done = read_fault(side::upstream, stream_->end_of(ec), stage::read_head);
      co_return done;
    }
    input_.received(got);
    untouched_ = false;
  }
}

result<bool> h1_client::take_head() {
  if (input_.unread().empty()) return false;
  if (response_.fields.room() == 0) response_.fields = pool_.take_fields();
  response_.clear();
  const auto head = http1::decode_response_head(input_.unread(), scanned_, limits_, method_, response_);
  if (!head) return head.error();
  if (head->consumed == 0) return false;
  decoded_ = *head;
  input_.consume(decoded_.consumed);
  if (response_.status >= 200) {
    head_seen_ = true;
    input_.start_body(decoded_, response_.fields);
  }
  return true;
}

}  // namespace sidespan::wire

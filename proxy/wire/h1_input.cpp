// SPDX-License-Identifier: Apache-2.0
#include "wire/h1_input.hpp"

#include <algorithm>
#include <cstring>

namespace sidespan::wire {

using base::fault;
using base::fault_code;
using base::side;
using base::stage;

fault read_fault(side from, net::io_end end, stage at) noexcept {
  const bool downstream = from == side::downstream;
  if (end == net::io_end::timed_out) {
    return downstream ? fault(fault_code::request_timeout, from, at, "request not completed in time")
                      : fault(fault_code::connection_read_timeout, from, at, "upstream silent for too long");
  }
  if (downstream) return fault(fault_code::downstream_closed, from, at, "downstream closed the connection");
  if (at == stage::read_body)
    return fault(fault_code::http_response_incomplete, from, at, "upstream closed before the end of the response");
  return fault(fault_code::connection_terminated, from, at, "upstream closed without a response");
}

fault write_fault(side to, net::io_end end, stage at) noexcept {
  const bool downstream = to == side::downstream;
  if (downstream && end != net::io_end::timed_out)
    return fault(fault_code::downstream_closed, to, at, "downstream closed the connection");
  if (end == net::io_end::timed_out) return fault(fault_code::connection_write_timeout, to, at, "peer stopped reading");
  return fault(fault_code::connection_terminated, to, at, "upstream closed while the request was sent");
}

fault no_buffers(stage at) noexcept {
  return {fault_code::connection_limit_reached, side::internal, at, "no memory left for buffers"};
}

h1_input::h1_input(net::stream& stream, buffer_pool& pool, side from) : stream_(stream), pool_(pool), from_(from) {}

h1_input::~h1_input() { pool_.give_back(head_size_); }

/// Keeps what is unread, at the front.
void h1_input::resize_head(std::size_t size) {
  auto other = std::make_unique_for_overwrite<char[]>(size);
  if (!unread_.empty()) std::memcpy(other.get(), unread_.data(), unread_.size());
  pool_.account(size);
  pool_.give_back(head_size_);
  head_size_ = size;
  head_ = std::move(other);
}

void h1_input::start_message() {
  const std::size_t wanted = std::max(unread_.size(), outgrown_ ? kept_capacity : first_capacity);
  // A large head must not keep its memory while the connection idles.
  const bool fits = head_ != nullptr && head_size_ >= wanted && head_size_ <= kept_capacity;
  if (!fits) {
    resize_head(wanted);
  } else if (!unread_.empty()) {
    std::memmove(head_.get(), unread_.data(), unread_.size());
  }
  unread_ = {head_.get(), unread_.size()};
  block_.release();
}

void h1_input::received(std::size_t bytes) noexcept {
  unread_ = {unread_.data(), unread_.size() + bytes};
  outgrown_ = outgrown_ || unread_.data() + unread_.size() == head_.get() + head_size_;
}

std::span<char> h1_input::head_room() {
  const std::size_t offset = static_cast<std::size_t>(unread_.data() - head_.get());
  const std::size_t used = offset + unread_.size();
  if (used == head_size_) {
    // Nothing is consumed before the head is complete, so the whole buffer is one partial head.
    if (pool_.full() && head_size_ >= kept_capacity) return {};
    const std::unique_ptr<char[]> before = std::move(head_);
    const std::string_view all(before.get(), used);
    const std::size_t unread = unread_.size();
    unread_ = all;
    resize_head(head_size_ * 2);
    unread_ = {head_.get() + offset, unread};
  }
  return {head_.get() + used, head_size_ - used};
}

void h1_input::start_body(const http1::decoded_head& head, const http::fields& fields) {
  ahead_ = {};
  body_.start(head, from_, http1::body_decoder::limits{}, &fields);
}

base::result<std::string_view> h1_input::next_run() {
  while (!body_.done()) {
    const auto piece = body_.decode(unread_);
    if (!piece) return piece.error();
    consume(piece->consumed);
    if (!piece->data.empty()) return piece->data;
    if (piece->consumed == 0) break;
  }
  return std::string_view{};
}

base::result<bool> h1_input::body_at_hand(body_piece& out) {
  const auto run = ahead_.empty() ? next_run() : base::result<std::string_view>(ahead_);
  if (!run) return run.error();
  ahead_ = {};
  if (run->empty() && !body_.done()) return false;
  // The end may stand right behind the last content (a last chunk): seeing it now lets both go out in one write.
  const auto following = next_run();
  if (!following) return following.error();
  ahead_ = *following;
  out.bytes = *run;
  out.last = body_.done() && ahead_.empty();
  return true;
}

net::task<base::result<body_piece>> h1_input::read_body(std::chrono::milliseconds idle) {
  body_piece out;
  bool limited = false;
  while (true) {
    const base::result<bool> ready = body_at_hand(out);
    if (!ready) co_return ready.error();
    if (*ready) co_return out;
    if (!block_) block_ = pool_.take();
    // Once: framing that trickles in (extensions, trailers) is as good as silence.
    if (!limited) stream_.limit(idle);
    limited = true;
    const std::span<char> room = block_.span();
    net::error_code ec;
    const std::size_t got = co_await stream_.read_some(room, ec);
    if (got == 0) {
      const net::io_end end = stream_.end_of(ec);
      if (end == net::io_end::closed) {
        const base::result<void> complete = body_.finish_at_close();
        if (complete) {
          out = body_piece{};
          out.last = true;
          co_return out;
        }
        co_return complete.error();
      }
      co_return read_fault(from_, end, stage::read_body);
    }
    unread_ = {block_.span().data(), got};
  }
}

}  // namespace sidespan::wire

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

/// Pipelined. Moved only when a small block will do: each of many in one large block would cost a copy of the rest.
void h1_input::keep_unread() {
  const bool behind_body = body_ && unread_.data() >= body_.data() && unread_.data() < body_.data() + body_.size();
  if (behind_body) head_ = std::move(body_);
  body_.release();
  if (head_.size() != buffer_pool::head_block_size && fits_head_block()) move_to(pool_.take_for_head());
}

void h1_input::move_to(buffer_pool::block other) noexcept {
  std::memcpy(other.data(), unread_.data(), unread_.size());
  unread_ = {other.data(), unread_.size()};
  head_ = std::move(other);
}

bool h1_input::make_more_room() {
  // Whoever is slow waits with little memory.
  if (head_.size() > always_allowed && fits_head_block()) move_to(pool_.take_for_head());
  if (used() < head_.size()) return true;
  if (unread_.size() < head_.size()) {
    std::memmove(head_.data(), unread_.data(), unread_.size());
    unread_ = {head_.data(), unread_.size()};
    return true;
  }
  if (pool_.full() && head_.size() >= always_allowed) return false;
  move_to(pool_.take_exactly(head_.size() * 2));
  return true;
}

void h1_input::received(std::size_t bytes) {
  const bool first = unread_.empty();
  unread_ = {first ? head_.data() : unread_.data(), unread_.size() + bytes};
  if (from_ == side::upstream) return;
  outgrown_ = !fits_head_block();
  if (first && head_.size() > always_allowed && !outgrown_) move_to(pool_.take_for_head());
}

void h1_input::start_body(const http1::decoded_head& head, const http::fields& fields) {
  ahead_ = {};
  head_end_ = static_cast<std::size_t>(unread_.data() - head_.data());
  decoder_.start(head, from_, http1::body_decoder::limits{}, &fields);
}

base::result<std::string_view> h1_input::next_run() {
  while (!decoder_.done()) {
    const auto piece = decoder_.decode(unread_);
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
  if (run->empty() && !decoder_.done()) return false;
  // The end may stand right behind the last content (a last chunk): seeing it now lets both go out in one write.
  const auto following = next_run();
  if (!following) return following.error();
  ahead_ = *following;
  out.bytes = *run;
  out.last = decoder_.done() && ahead_.empty();
  return true;
}

std::span<char> h1_input::room_behind_head() const noexcept {
  const std::span<char> room = head_.span().subspan(head_end_);
  return head_.size() > buffer_pool::head_block_size && room.size() >= head_.size() / 2 ? room : std::span<char>();
}

net::reading h1_input::read_content(std::span<char> behind_head, net::error_code& ec) noexcept {
  if (!behind_head.empty()) return stream_.read_some(behind_head, ec);
  body_.release();
  return stream_.read_lent(pool_, false, body_, ec);
}

net::task<base::result<body_piece>> h1_input::read_body(std::chrono::milliseconds idle) {
  body_piece out;
  bool limited = false;
  while (true) {
    const base::result<bool> ready = body_at_hand(out);
    if (!ready) co_return ready.error();
    if (*ready) co_return out;
    // Once: framing that trickles in (extensions, trailers) is as good as silence.
    if (!limited) stream_.limit(idle);
    limited = true;
    const std::span<char> behind_head = room_behind_head();
    net::error_code ec;
    const std::size_t got = co_await read_content(behind_head, ec);
    if (got == 0) {
      const net::io_end end = stream_.end_of(ec);
      if (end == net::io_end::closed) {
        const base::result<void> complete = decoder_.finish_at_close();
        if (complete) {
          out = body_piece{};
          out.last = true;
          co_return out;
        }
        co_return complete.error();
      }
      co_return read_fault(from_, end, stage::read_body);
    }
    unread_ = {behind_head.empty() ? body_.data() : behind_head.data(), got};
  }
}

net::task<base::result<void>> h1_input::drop_body(std::chrono::milliseconds idle) {
  base::result<void> done;
  constexpr std::uint64_t most_at_once = 1024 * 1024;
  const std::uint64_t rest = std::min(decoder_.remaining(), most_at_once);
  if (rest == 0 || !unread_.empty() || !ahead_.empty()) {
    const base::result<body_piece> piece = co_await read_body(idle);
    if (!piece) done = piece.error();
    co_return done;
  }
  stream_.limit(idle);
  net::error_code ec;
  const std::size_t got = co_await stream_.drop_some(static_cast<std::size_t>(rest), ec);
  decoder_.skip(got);
  if (got == 0) done = read_fault(from_, stream_.end_of(ec), stage::read_body);
  co_return done;
}

}  // namespace sidespan::wire

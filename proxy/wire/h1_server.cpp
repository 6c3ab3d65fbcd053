// SPDX-License-Identifier: Apache-2.0
#include "wire/h1_server.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "wire/date.hpp"

namespace sidespan::wire {

using base::result;
using base::side;
using base::stage;

namespace {

bool lists_trailers(std::string_view codings) noexcept {
  while (const auto coding = base::next_list_element(codings)) {
    if (base::iequals(*coding, "trailers")) return true;
  }
  return false;
}

/// RFC 9110 §10.1.1: a list of the only expectation there is; others cannot be met.
bool can_be_met(std::string_view expectations) noexcept {
  bool any = false;
  while (const auto each = base::next_list_element(expectations)) {
    if (!base::iequals(*each, "100-continue")) return false;
    any = true;
  }
  return any;
}

/// Empty lines are no request yet: some callers send one behind the content of the last (RFC 9112 §2.2).
bool has_begun(std::string_view unread) noexcept { return unread.find_first_not_of("\r\n") != std::string_view::npos; }

}  // namespace

h1_server::h1_server(std::unique_ptr<net::stream> stream, buffer_pool& pool, const h1_server_limits& limits)
    : stream_(std::move(stream)),
      pool_(pool),
      limits_(limits),
      input_(*stream_, pool, side::downstream),
      output_(pool) {
  request_.fields = pool_.take_fields();
}

h1_server::~h1_server() { pool_.put(std::move(request_.fields)); }

void h1_server::begin_exchange() {
  input_.start_message();
  arena_.reset();
  request_.clear();
  method_.clear();
  decoded_ = {};
  output_.reset();
  stays_ = false;
  scanned_ = 0;
  body_bytes_ = 0;
  body_wait_ = {};
  started_ = complete_ = accepts_trailers_ = reading_stopped_ = false;
  idle_ = !has_begun(input_.unread());
}

net::task<result<bool>> h1_server::next() {
  begin_exchange();
  stream_->limit(idle_ ? limits_.keep_alive_timeout : limits_.head_timeout);
  while (true) {
    const result<bool> complete = take_head();
    if (!complete || *complete) {
      stream_->no_limit();
      co_return complete;
    }
    // Most heads come in one piece and need no limit of their own.
    const bool begun = has_begun(input_.unread());
    if (begun && idle_) stream_->limit(limits_.head_timeout);
    idle_ = !begun;
    if (!input_.make_room()) {
      stream_->no_limit();
      request_.clear();
      co_return no_buffers(stage::parse);
    }
    net::error_code ec;
    const std::size_t got = co_await input_.read(ec);
    if (got == 0) {
      const net::io_end end = stream_->end_of(ec);
      stream_->no_limit();
      if (idle_) co_return false;
      request_.clear();
      co_return read_fault(side::downstream, end, stage::parse);
    }
    input_.received(got);
  }
}

result<bool> h1_server::take_head() {
  if (input_.unread().empty()) return false;
  const auto head = http1::decode_request_head(input_.unread(), scanned_, limits_.head, request_);
  if (!head) {
    request_.clear();
    return head.error();
  }
  if (head->consumed == 0) return false;
  decoded_ = *head;
  input_.consume(decoded_.consumed);
  arena_.lend(input_.room_to_lend());
  input_.start_body(decoded_, request_.fields);
  method_.assign(request_.method);
  close_after_ = close_after_ || !decoded_.keep_alive;
  awaits_continue_ = limits_.min_rate != 0 && request_.fields.find(http::field_id::expect) != nullptr;
  if (!request_.fields.may_have({http::field_id::te, http::field_id::expect})) return true;
  if (request_.version == http::version::http_1_0) return true;  // knows neither of the two
  for (const http::field& field : request_.fields) {
    if (field.id == http::field_id::te) accepts_trailers_ = accepts_trailers_ || lists_trailers(field.value);
    if (field.id == http::field_id::expect && !can_be_met(field.value))
      return base::fault(base::fault_code::expectation_failed, side::downstream, stage::parse, "unknown expectation");
  }
  return true;
}

std::string_view h1_server::first_line() const noexcept {
  std::string_view all = input_.unread();
  all.remove_prefix(std::min(all.find_first_not_of("\r\n"), all.size()));
  return all.substr(0, all.find_first_of("\r\n"));
}

/// How long a rate is not asked for; then it must have been kept on average.
std::chrono::milliseconds h1_server::grace() const noexcept {
  constexpr std::chrono::milliseconds longest{5000};
  return limits_.idle_timeout.count() > 0 ? std::min(longest, limits_.idle_timeout) : longest;
}

/// Only waiting for the downstream counts, not the time that the upstream takes.
net::task<result<body_piece>> h1_server::read_at_rate() {
  using std::chrono::milliseconds;
  if (awaits_continue_) {
    // It sends when the upstream asks for it (RFC 9110 §10.1.1).
    awaits_continue_ = false;
    result<body_piece> first = co_await input_.read_body(limits_.idle_timeout);
    if (first) body_bytes_ += first->bytes.size();
    co_return first;
  }
  const auto began = std::chrono::steady_clock::now();
  const milliseconds earned = grace() + milliseconds(body_bytes_ * 1000 / limits_.min_rate);
  const auto spent = std::chrono::duration_cast<milliseconds>(body_wait_);
  // A time limit is never early, so it cannot tell a peer that is always a little late.
  result<body_piece> piece = body_piece{};
  const result<bool> at_hand = input_.body_at_hand(*piece);
  if (!at_hand) piece = at_hand.error();
  if (!at_hand || *at_hand) {
    if (piece) body_bytes_ += piece->bytes.size();
    co_return piece;
  }
  if (spent >= earned && stream_->quiet()) {
    piece = read_fault(side::downstream, net::io_end::timed_out, stage::read_body);
    hurried_ = true;
    co_return piece;
  }
  const milliseconds left = std::max(earned - spent, milliseconds(1));
  const bool idle_first = limits_.idle_timeout.count() > 0 && limits_.idle_timeout < left;
  const milliseconds limit = idle_first ? limits_.idle_timeout : left;
  piece = co_await input_.read_body(limit);
  body_wait_ += std::chrono::steady_clock::now() - began;
  if (piece) body_bytes_ += piece->bytes.size();
  if (!piece && !reading_stopped_) hurried_ = true;  // who was too slow is not waited for once more
  co_return piece;
}

bool h1_server::may_continue() const noexcept { return complete_ && !close_after_ && !broken_ && input_.body_done(); }

net::task<result<void>> h1_server::send_interim(const http::response_head& head) {
  result<void> done;
  if (request_.version == http::version::http_1_0) co_return done;
  std::string text;
  http1::encode_response_head(head, method_, http::version::http_1_1, http::body_size{}, http1::persistence::keep, {},
                              text);
  stream_->write_limit(net::pace(limits_.idle_timeout));
  net::stream::pieces pieces{text};
  const auto end = co_await stream_->write(pieces);
  stream_->no_write_limit();
  if (end) {
    broken_ = true;  // a part of it may be on its way
    done = write_fault(side::downstream, *end, stage::send_head);
  }
  co_return done;
}

bool h1_server::stay_for_content() noexcept {
  constexpr std::uint64_t on_its_way = 256 * 1024;  // about what kernels hold of it
  stays_ = !close_after_ && input_.announced() <= on_its_way && input_.announced() != 0;
  return stays_;
}

void h1_server::put_head(const http::response_head& head, http::body_size size) {
  output_.reset();  // a head that was put and never written gives way
  // What is left of the request cannot be told from the next one once the response is out, so the connection ends with
  // it.
  if (!input_.body_done() && !stays_) close_after_ = true;
  // Only closing can end a body of unknown length for a 1.0 downstream (RS-4).
  if (request_.version == http::version::http_1_0) close_after_ = true;
  // `close` would speak of a connection that is a tunnel from here on.
  const bool tunnel = method_ == "CONNECT" && head.status >= 200 && head.status < 300;
  const auto persist = close_after_ && !tunnel ? http1::persistence::close : http1::persistence::keep;
  output_.chunked(
      http1::encode_response_head(head, method_, request_.version, size, persist, imf_fixdate_now(), output_.head()));
}

result<bool> h1_server::write_now(std::string_view bytes, bool last, const http::fields* trailers) {
  started_ = true;
  const auto all = output_.write_now(*stream_, bytes, last, trailers);
  broken_ = broken_ || !all;
  if (!all) return write_fault(side::downstream, net::io_end::reset, stage::send_body);
  complete_ = last;
  return *all;
}

net::task<result<void>> h1_server::flush() {
  result<void> done;
  net::pace pace{limits_.idle_timeout};
  if (limits_.min_rate != 0) pace = {grace(), limits_.min_rate * static_cast<std::uint64_t>(grace().count()) / 1000};
  const auto end = co_await output_.flush(*stream_, pace);
  if (end) {
    broken_ = true;
    done = write_fault(side::downstream, *end, stage::send_body);
  }
  co_return done;
}

void h1_server::abort() noexcept {
  broken_ = true;
  stream_->abort();
}

/// A caller that sends all of its content before it reads would lose the end of an early answer to a RST (CN-8). False:
/// it has stopped sending, or it took too long.
net::task<bool> h1_server::read_off_body() {
  using std::chrono::milliseconds;
  using clock = std::chrono::steady_clock;
  linger_end_ = clock::now() + (hurried_ ? limits_.linger_silence : limits_.linger);
  while (!input_.body_done()) {
    const auto left = std::chrono::ceil<milliseconds>(linger_end_ - clock::now());
    if (left.count() <= 0) co_return false;
    const milliseconds silence = std::min(left, limits_.linger_silence);
    const result<void> dropped = co_await input_.drop_body(silence);
    // What is malformed has no end that is known, so it is read no further than what nobody announced.
    if (!dropped) co_return dropped.error().code() == base::fault_code::http_request_error;
  }
  co_return true;
}

void h1_server::hurry() noexcept {
  hurried_ = true;
  linger_end_ = std::min(linger_end_, std::chrono::steady_clock::now() + limits_.linger_silence);
}

bool h1_server::close_at_once() noexcept {
  if (!stream_->is_open()) return true;
  const bool announced = complete_ && decoded_.consumed != 0 && !decoded_.keep_alive;
  if (!announced || broken_ || !input_.body_done() || !input_.unread().empty()) return false;
  // A byte that nobody has read, or one that comes when we have closed, has the kernel reset the connection and drop
  // what it has not sent.
  if (!stream_->quiet() || !stream_->all_sent()) return false;
  stream_->close();
  return true;
}

net::task<void> h1_server::close_gently() {
  if (!stream_->is_open()) co_return;
  if (broken_) {
    stream_->close();
    co_return;
  }
  stream_->shut_write();
  bool more = true;
  if (!input_.body_done()) more = co_await read_off_body();
  if (!more) {
    stream_->close();
    co_return;
  }
  stream_->limit(limits_.linger_silence);
  constexpr std::size_t most = 1024 * 1024;
  std::size_t dropped = 0;
  while (dropped < most) {
    net::error_code ec;
    const std::size_t got = co_await stream_->drop_some(most - dropped, ec);
    if (got == 0) break;
    dropped += got;
  }
  stream_->close();
}

}  // namespace sidespan::wire

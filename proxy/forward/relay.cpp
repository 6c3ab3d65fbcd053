// SPDX-License-Identifier: Apache-2.0
#include "forward/relay.hpp"

#include "net/spawn.hpp"

namespace sidespan::forward {
namespace {

using base::fault;
using base::fault_code;
using base::result;
using base::side;
using base::stage;

/// The upload beside the response; lives in relay()'s frame, which waits for `done`.
struct upload {
  upload(const relay_request& request, net::executor where) : request(request), done(where) {}

  relay_request request;
  net::event done;
  std::optional<base::fault> fault;
  std::uint64_t bytes = 0;
  bool running = false;
};

fault too_large() { return {fault_code::request_body_size, side::downstream, stage::read_body, "request content too large"}; }

bool over_limit(const upload& state) noexcept { return state.request.max_body_bytes != 0 && state.bytes > state.request.max_body_bytes; }

const http::fields* trailers_of(const http::fields& fields) noexcept { return fields.empty() ? nullptr : &fields; }

net::task<void> upload_rest(upload& state) {
  wire::server_exchange& down = state.request.down;
  wire::client_exchange& up = state.request.up;
  while (!state.fault) {
    const result<wire::body_piece> piece = co_await down.read_body();
    if (!piece) {
      state.fault = piece.error();
      break;
    }
    state.bytes += piece->bytes.size();
    if (over_limit(state)) {
      state.fault = too_large();
      break;
    }
    const http::fields* trailers = trailers_of(down.request_trailers());
    const result<void> written = co_await up.write(piece->bytes, piece->last, trailers);
    if (!written) state.fault = written.error();
    if (piece->last) break;
  }
  // A request that ended badly must not be answered as if it had been whole: the upstream sees the connection close.
  if (state.fault && state.fault->side() == side::downstream) up.interrupt(false);
  state.running = false;
  state.done.set();
}

/// Head and what is at hand of the body in one write. True: the request is complete.
net::task<result<bool>> send_request(upload& state) {
  wire::server_exchange& down = state.request.down;
  wire::client_exchange& up = state.request.up;
  wire::body_piece piece;
  piece.last = true;
  if (down.request_size().present()) {
    const result<bool> ready = down.body_at_hand(piece);
    if (!ready) co_return ready.error();
    if (!*ready) piece = wire::body_piece{};
    state.bytes += piece.bytes.size();
    if (over_limit(state)) co_return too_large();
  }
  const http::fields* trailers = trailers_of(down.request_trailers());
  const result<void> written = co_await up.write(piece.bytes, piece.last, trailers);
  if (!written) co_return written.error();
  co_return piece.last;
}

/// Interim responses are relayed as they come (RFC 9110 §15.2); returns with the final head.
net::task<result<void>> read_final_head(relay_request request) {
  while (true) {
    const result<void> got = co_await request.up.read_head();
    if (!got) co_return got.error();
    const int status = request.up.response().status;
    if (status >= 200) co_return got;
    if (status == 101) {
      // We never forward Upgrade, so nobody asked for it (RS-7).
      co_return fault(fault_code::http_upgrade_failed, side::upstream, stage::read_head, "upstream switched protocols unasked");
    }
    const result<void> sent = co_await request.down.send_interim(request.up.response());
    if (!sent) co_return sent.error();
  }
}

net::task<result<void>> relay_response(relay_request request, relay_hooks& hooks, relay_outcome& out) {
  wire::body_piece piece;
  while (true) {
    const result<bool> ready = request.up.body_at_hand(piece);
    if (!ready) co_return ready.error();
    if (!*ready) {
      // A head whose body is not there yet goes out alone: the downstream must not wait for the first byte of a slow stream.
      const result<void> flushed = co_await request.down.write({}, false, nullptr);
      if (!flushed) co_return flushed.error();
      const result<wire::body_piece> next = co_await request.up.read_body();
      if (!next) co_return next.error();
      piece = *next;
    }
    out.response_bytes += piece.bytes.size();
    if (piece.last) hooks.on_response_complete();
    const http::fields* trailers = request.down.accepts_trailers() ? trailers_of(request.up.response_trailers()) : nullptr;
    const result<void> written = co_await request.down.write(piece.bytes, piece.last, trailers);
    if (!written) co_return written.error();
    if (piece.last) co_return written;
  }
}

net::task<result<void>> run_relay(upload& state, relay_hooks& hooks, relay_outcome& out, net::executor where) {
  const relay_request& request = state.request;
  const result<bool> sent = co_await send_request(state);
  if (!sent) co_return sent.error();
  if (!*sent) {
    state.running = true;
    net::spawn(where, upload_rest(state), "upload");
  }
  const result<void> head = co_await read_final_head(request);
  if (!head) co_return head.error();
  out.status = request.up.response().status;
  if (auto accepted = hooks.on_response(request.up.response()); !accepted) co_return accepted.error();
  http::body_size size = request.up.response_size();
  // A body that ends with the upstream's connection gets an end of its own (RS-5).
  if (size.kind == http::body_size::kind::until_close) size.kind = http::body_size::kind::unknown;
  request.down.put_head(request.up.response(), size);
  const result<void> relayed = co_await relay_response(request, hooks, out);
  co_return relayed;
}

}  // namespace

net::task<relay_outcome> relay(relay_request request, relay_hooks& hooks, net::executor where) {
  relay_outcome out;
  upload state(request, where);
  const result<void> done = co_await run_relay(state, hooks, out, where);
  if (!done) out.fault = done.error();
  if (state.running) {
    // The response is over before the request (RS-11) or the attempt failed: what is left is not read, the connection closes.
    request.down.stop_reading();
    request.up.interrupt(false);
    co_await state.done.wait();
    if (!out.fault) state.fault.reset();
  }
  // What ended the upload explains what the response side saw: a downstream that left, or content over the limit.
  if (state.fault && state.fault->side() == side::downstream && out.fault) out.fault = state.fault;
  out.request_bytes = state.bytes;
  co_return out;
}

}  // namespace sidespan::forward

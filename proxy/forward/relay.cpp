// SPDX-License-Identifier: Apache-2.0
#include "forward/relay.hpp"

#include <new>

#include "http/hop_by_hop.hpp"
#include "net/beside.hpp"
#include "net/event.hpp"
#include "wire/h1_input.hpp"

namespace sidespan::forward {
namespace {

using base::fault;
using base::fault_code;
using base::result;
using base::side;
using base::stage;

/// The upload beside the response; lives in relay()'s frame, which waits for the end of `rest`.
struct upload {
  explicit upload(const relay_request& of) : request(of) {}

  relay_request request;
  net::beside rest;  // of a request that did not go out whole at once
  std::optional<base::fault> fault;
  std::uint64_t bytes = 0;
  base::steady_time sent;  // when the request was written whole
  bool complete = false;   // the request went out whole at once
  bool stopped = false;
  std::optional<net::event> over;  // somebody waits for its end, but not for ever
};

fault too_large() {
  return {fault_code::request_body_size, side::downstream, stage::read_body, "request content too large"};
}

bool over_limit(const upload& state) noexcept {
  return state.request.max_body_bytes != 0 && state.bytes > state.request.max_body_bytes;
}

const http::fields* trailers_of(const http::fields& fields) noexcept { return fields.empty() ? nullptr : &fields; }

/// What waits is written out; only then may the next piece be read (back-pressure).
template <class Exchange>
net::task<result<void>> flushed(Exchange& to, result<bool> written) {
  result<void> done;
  if (!written) co_return written.error();
  if (!*written) done = co_await to.flush();
  co_return done;
}

base::steady_time time_of(const relay_request& request) noexcept {
  return request.times == nullptr ? base::steady_time() : request.times->steady();
}

/// Content as it comes, until it is complete or `fault` says why not.
net::task<void> upload_pieces(upload& state) {
  wire::server_exchange& down = state.request.down;
  wire::client_exchange& up = state.request.up;
  while (!state.fault && !state.stopped) {
    const result<wire::body_piece> piece = co_await down.read_body();
    // Once the response side has ended nobody waits for more, and a read that was ended by us tells nothing about the
    // downstream.
    if (state.stopped) break;
    if (!piece) {
      state.fault = piece.error();
      break;
    }
    state.bytes += piece->bytes.size();
    if (over_limit(state)) {
      state.fault = too_large();
      break;
    }
    const result<bool> written = up.write_now(piece->bytes, piece->last, trailers_of(down.request_trailers()));
    const result<void> done = co_await flushed(up, written);
    if (!done) state.fault = done.error();
    if (done && piece->last) state.sent = time_of(state.request);
    if (piece->last) break;
  }
}

bool is_upstreams(const fault& why) noexcept { return why.side() == side::upstream; }

net::task<void> upload_rest(upload& state) {
  try {
    net::task<void> all = upload_pieces(state);
    co_await all;
  } catch (const std::bad_alloc&) {
    state.fault = wire::no_buffers(stage::send_body);
  }
  // A request that ended badly must not be answered as if it had been whole: the upstream sees the connection close.
  if (state.fault && !is_upstreams(*state.fault)) state.request.up.interrupt(false);
  if (state.over) state.over->set();
}

/// Head and what is at hand of the body in one write. False: flush() must be awaited.
result<bool> send_request(upload& state) {
  wire::server_exchange& down = state.request.down;
  wire::body_piece piece;
  piece.last = true;
  kept_body* kept = state.request.kept;
  if (kept != nullptr && kept->bytes) {
    piece.bytes = *kept->bytes;
    state.bytes += piece.bytes.size();
  } else if (down.request_size().present()) {
    const result<bool> ready = down.body_at_hand(piece);
    if (!ready) return ready.error();
    if (!*ready) piece = wire::body_piece{};
    state.bytes += piece.bytes.size();
    if (over_limit(state)) return too_large();
  }
  state.complete = piece.last;
  // RT-5: bounded, and only what is whole.
  if (kept != nullptr && !kept->bytes && piece.last && piece.bytes.size() <= kept->most_bytes)
    kept->bytes = kept->in->copy(piece.bytes);
  return state.request.up.write_now(piece.bytes, piece.last, trailers_of(down.request_trailers()));
}

/// Far more than anybody needs, and an end for an upstream that sends nothing else.
constexpr int most_interim_responses = 1000;

/// Interim responses are relayed as they come (RFC 9110 §15.2), without what belongs to one hop (H1-24).
net::task<result<void>> relay_interim(const relay_request& request, relay_outcome& out) {
  result<void> done;
  http::response_head& head = request.up.response();
  out.continued = out.continued || head.status == 100;
  done = http::remove_hop_by_hop(head.fields, side::upstream);
  if (!done) co_return done;
  done = co_await request.down.send_interim(head);
  co_return done;
}

/// The tunnel begins here and not before (CN-3). Only a request without content offers it, so nothing else is under
/// way.
net::task<result<void>> relay_switch(const relay_request& request, relay_hooks& hooks, relay_outcome& out) {
  result<void> done;
  http::response_head& head = request.up.response();
  done = hooks.on_switch(head);
  if (!done) co_return done;
  if (request.expects_continue && !out.continued) {
    // RFC 9110 §7.8: a 100 comes before the 101 (CN-4); an upstream that saw no content to wait for may leave it out.
    http::response_head go_on;
    go_on.status = 100;
    go_on.reason = "Continue";
    done = co_await request.down.send_interim(go_on);
    if (!done) co_return done;
  }
  done = co_await request.down.send_interim(head);
  out.status = head.status;
  out.switched = done.has_value();
  co_return done;
}

/// What is at hand of the response, written without waiting. True: the response is complete. `pending`: flush() first.
result<bool> relay_at_hand(const relay_request& request, relay_hooks& hooks, relay_outcome& out, bool& pending) {
  wire::body_piece piece;
  while (!pending) {
    const result<bool> ready = request.up.body_at_hand(piece);
    if (!ready) return ready.error();
    if (!*ready) {
      // A head whose body is not there yet goes out alone: the downstream must not wait for the first byte of a slow
      // stream.
      const result<bool> written = request.down.write_now({}, false, nullptr);
      if (!written) return written.error();
      pending = !*written;
      return false;
    }
    out.response_bytes += piece.bytes.size();
    if (piece.last) hooks.on_response_complete();
    if (piece.last) out.last_byte = out.first_byte;
    const http::fields* trailers =
        request.down.accepts_trailers() ? trailers_of(request.up.response_trailers()) : nullptr;
    const result<bool> written = request.down.write_now(piece.bytes, piece.last, trailers);
    if (!written) return written.error();
    pending = !*written;
    if (piece.last) return true;
  }
  return false;
}

/// The rest of a response, piece by piece.
net::task<result<void>> relay_rest(const relay_request& request, relay_hooks& hooks, relay_outcome& out, bool pending) {
  result<void> done;
  while (true) {
    if (pending) {
      done = co_await request.down.flush();
      if (!done) co_return done;
    }
    const result<wire::body_piece> piece = co_await request.up.read_body();
    if (!piece) co_return piece.error();
    out.response_bytes += piece->bytes.size();
    if (piece->last) hooks.on_response_complete();
    if (piece->last) out.last_byte = time_of(request);
    const http::fields* trailers =
        request.down.accepts_trailers() ? trailers_of(request.up.response_trailers()) : nullptr;
    const result<bool> written = request.down.write_now(piece->bytes, piece->last, trailers);
    if (!written) co_return written.error();
    pending = !*written;
    if (!piece->last) continue;
    if (pending) done = co_await request.down.flush();
    co_return done;
  }
}

/// The final response head, checked and put. True: nothing is left to do.
result<bool> begin_response(const relay_request& request, relay_hooks& hooks, relay_outcome& out, bool& pending) {
  out.status = request.up.response().status;
  out.first_byte = time_of(request);
  if (auto accepted = hooks.on_response(request.up.response()); !accepted) return accepted.error();
  http::body_size size = request.up.response_size();
  // A body that ends with the upstream's connection gets an end of its own (RS-5).
  if (size.kind == http::body_size::kind::until_close) size.kind = http::body_size::kind::unknown;
  request.down.put_head(request.up.response(), size);
  return relay_at_hand(request, hooks, out, pending);
}

/// What comes before the final head, and only then: another coroutine would cost every request.
net::task<result<void>> relay_before_final(const relay_request& request, relay_hooks& hooks, relay_outcome& out,
                                           int& interim) {
  result<void> done;
  if (request.up.response().status == 101) {
    done = co_await relay_switch(request, hooks, out);
  } else if (interim++ == most_interim_responses) {
    done = fault(fault_code::http_protocol_error, side::upstream, stage::read_head, "too many interim responses");
  } else {
    done = co_await relay_interim(request, out);
  }
  co_return done;
}

/// A final response is there before the request is over. Who answers so and keeps its connection reads the request to
/// its end (RFC 9112 §9.3); sending on what little is left costs less than two connections. A caller that has been
/// promised a 100 and got none may never send it.
bool follows_answer(const upload& state, const relay_outcome& out) noexcept {
  const relay_request& request = state.request;
  if (!state.rest.running() || state.fault || !request.up.persistent()) return false;
  return (!request.expects_continue || out.continued) && request.down.stay_for_content();
}

/// The longest time for it; who sends content to its end before it reads has as long (CN-8).
constexpr std::chrono::milliseconds longest_rest{30000};

/// The rest of a request that did not go out whole at once.
void begin_upload(upload& state, const net::executor& where) {
  if (state.complete) {
    state.sent = time_of(state.request);
    return;
  }
  state.rest.begin(where, upload_rest(state), "upload");
}

}  // namespace

net::task<relay_outcome> relay(relay_request request, relay_hooks& hooks, net::executor where) {
  relay_outcome out;
  upload state(request);
  result<void> done;
  try {
    const result<bool> sent = send_request(state);
    if (!sent) done = sent.error();
    if (sent && !*sent) done = co_await request.up.flush();
    if (done) begin_upload(state, where);
    bool answered = false;
    for (int interim = 0; done && !answered && !out.switched;) {
      done = co_await request.up.read_head();
      answered = done && request.up.response().status >= 200;
      if (done && !answered) done = co_await relay_before_final(request, hooks, out, interim);
    }
    bool pending = false;
    const bool rest_follows = answered && follows_answer(state, out);
    if (answered) {
      const result<bool> complete = begin_response(request, hooks, out, pending);
      if (!complete) done = complete.error();
      if (complete && !*complete) done = co_await relay_rest(request, hooks, out, pending);
      if (complete && *complete && pending) done = co_await request.down.flush();
    }
    if (rest_follows && done && state.rest.running()) {
      state.over.emplace(where);
      (void)co_await state.over->wait_for(longest_rest);
    }
  } catch (const std::bad_alloc&) {
    // Not past here: the upload refers to this frame. How far the upstream's connection got is not known.
    done = wire::no_buffers(stage::read_body);
    request.up.interrupt(false);
  }
  if (!done) out.fault = done.error();
  if (state.rest.running()) {
    // The response is over before the request (RS-11) or the attempt failed: what is left is not read, the connection
    // closes.
    state.stopped = true;
    request.down.stop_reading();
    request.up.interrupt(false);
    co_await state.rest.end();
  }
  // What ended the upload explains what the response side saw: a downstream that left, or content over the limit.
  if (state.fault && !is_upstreams(*state.fault) && out.fault) out.fault = state.fault;
  out.request_bytes = state.bytes;
  out.request_sent = state.sent;
  co_return out;
}

}  // namespace sidespan::forward

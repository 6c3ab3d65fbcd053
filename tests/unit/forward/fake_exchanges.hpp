// SPDX-License-Identifier: Apache-2.0
//
// A downstream and an upstream that say what the test tells them to and remember what they were told; for tests of
// forward/, on a test's event loop.
#pragma once

#include <deque>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/event.hpp"
#include "wire/exchange.hpp"

namespace sidespan::forward::test {

using base::fault;
using base::fault_code;
using base::side;
using base::stage;

/// Body pieces to be read one by one: those at hand need no waiting, the others come when read.
struct fake_body {
  struct step {
    std::string text;
    bool last = false;
    bool at_hand = false;
    std::optional<fault> failure;
    bool no_memory = false;
  };
  std::deque<step> steps;
  std::string current;  // the piece handed out last, kept for its views
  http::fields trailers;

  base::result<bool> at_hand(wire::body_piece& out) {
    if (steps.empty() || !steps.front().at_hand) return false;
    return next(out);
  }
  base::result<bool> next(wire::body_piece& out) {
    const step now = steps.front();
    steps.pop_front();
    if (now.failure) return *now.failure;
    if (now.no_memory) throw std::bad_alloc();
    current = now.text;
    out = {current, now.last};
    return true;
  }
};

/// Where a coroutine waits that has nothing to read.
class waiting_place {
 public:
  explicit waiting_place(net::executor where) : wake_(where) {}
  net::task<void> wait() { return wake_.wait(); }
  void wake() { wake_.set(); }

 private:
  net::event wake_;
};

/// What was written, with a `|` between two writes, and whether some writes have to be flushed.
struct fake_output {
  std::vector<std::string> writes;
  bool complete = false;
  bool sticks = false;  // every write needs a flush
  int flushes = 0;
  std::optional<fault> failure;
  std::string trailers;

  base::result<bool> write(std::string_view bytes, bool last, const http::fields* with) {
    if (failure) return *failure;
    writes.emplace_back(bytes);
    complete = last;
    if (with == nullptr) return !sticks;
    for (const http::field& line : *with) trailers += std::string(line.name) + ";";
    return !sticks;
  }
  std::string text() const {
    std::string out;
    for (const std::string& each : writes) out += each + "|";
    if (!out.empty()) out.pop_back();
    return out;
  }
};

class fake_down final : public wire::server_exchange {
 public:
  explicit fake_down(net::executor where) : place_(where) {}

  http::request_head head;
  std::string unread_line;  // of a head that was refused
  http::body_size size;
  fake_body body;
  std::string late;  // had come when reading was stopped
  fake_output output;
  std::optional<int> status;  // of the head that was put
  http::body_size put_size;
  std::vector<std::string> put_fields, interim;  // "Name: value"
  bool trailers_wanted = false, closes = false, stopped = false, aborted = false, interrupted = false;
  int readers = 0;     // of the body, that wait
  bool stays = false;  // for content behind its response

  http::request_head& request() noexcept override { return head; }
  http::body_size request_size() const noexcept override { return size; }
  std::string_view first_line() const noexcept override { return unread_line; }
  base::arena& arena() noexcept override { return arena_; }
  const std::string& peer_address() const noexcept override { return address_; }
  std::uint16_t peer_port() const noexcept override { return 1; }
  base::result<bool> body_at_hand(wire::body_piece& out) override { return body.at_hand(out); }
  net::task<base::result<wire::body_piece>> read_body() override {
    wire::body_piece out;
    ++readers;
    if (body.steps.empty() && !stopped) co_await place_.wait();
    --readers;
    if (body.steps.empty()) co_return fault(fault_code::request_timeout, side::downstream, stage::read_body, "stopped");
    const base::result<bool> got = body.next(out);
    if (!got) co_return got.error();
    co_return out;
  }
  const http::fields& request_trailers() const noexcept override { return body.trailers; }
  net::task<base::result<void>> send_interim(const http::response_head& what) override {
    base::result<void> done;
    interim.push_back(std::to_string(what.status));
    for (const http::field& line : what.fields) interim.back() += " " + std::string(line.name);
    co_return done;
  }
  void put_head(const http::response_head& what, http::body_size of) override {
    status = what.status;
    put_size = of;
    put_fields.clear();
    for (const http::field& line : what.fields)
      put_fields.push_back(std::string(line.name) + ": " + std::string(line.value));
  }
  base::result<bool> write_now(std::string_view bytes, bool last, const http::fields* trailers) override {
    started_ = true;
    return output.write(bytes, last, trailers);
  }
  net::task<base::result<void>> flush() override {
    base::result<void> done;
    ++output.flushes;
    co_return done;
  }
  bool response_started() const noexcept override { return started_; }
  bool peer_reset() const noexcept override { return false; }
  bool accepts_trailers() const noexcept override { return trailers_wanted; }
  bool stay_for_content() noexcept override { return stays; }
  void close_after() noexcept override { closes = true; }
  void abort() noexcept override { aborted = true; }
  void stop_reading() noexcept override {
    stopped = true;
    if (!late.empty()) body.steps.push_back({late, false, false, {}});
    place_.wake();
  }
  void interrupt(bool) noexcept override {
    interrupted = true;
    place_.wake();
  }
  wire::raw_connection raw() noexcept override { return wire::raw_connection(); }

 private:
  waiting_place place_;
  base::arena arena_;
  std::string address_ = "192.0.2.7";
  bool started_ = false;
};

class fake_up final : public wire::client_exchange {
 public:
  explicit fake_up(net::executor where) : place_(where) {}

  struct answer {
    int status = 200;
    http::body_size size;
    http::fields fields;
  };
  std::deque<answer> answers;
  std::optional<fault> failure;  // of read_head, when there is no answer
  fake_body body;
  fake_output output;
  bool interrupted = false;
  bool keeps = true;  // its connection

  void put_head(const http::request_head&, std::string_view, http::body_size) override {}
  base::result<bool> write_now(std::string_view bytes, bool last, const http::fields* trailers) override {
    return output.write(bytes, last, trailers);
  }
  net::task<base::result<void>> flush() override {
    base::result<void> done;
    ++output.flushes;
    co_return done;
  }
  net::task<base::result<void>> read_head() override {
    base::result<void> done;
    if (answers.empty() && !failure && !interrupted) co_await place_.wait();
    if (answers.empty())
      co_return failure.value_or(
          fault(fault_code::connection_terminated, side::upstream, stage::read_head, "interrupted"));
    response_.clear();
    response_.status = answers.front().status;
    for (const http::field& line : answers.front().fields) response_.fields.add(line.name, line.value);
    size_ = answers.front().size;
    answers.pop_front();
    co_return done;
  }
  /// Answers or fails now, while read_head() waits.
  void wake() { place_.wake(); }
  http::response_head& response() noexcept override { return response_; }
  http::body_size response_size() const noexcept override { return size_; }
  base::result<bool> body_at_hand(wire::body_piece& out) override { return body.at_hand(out); }
  net::task<base::result<wire::body_piece>> read_body() override {
    wire::body_piece out;
    if (body.steps.empty()) co_await place_.wait();
    if (body.steps.empty())
      co_return fault(fault_code::http_response_incomplete, side::upstream, stage::read_body, "interrupted");
    const base::result<bool> got = body.next(out);
    if (!got) co_return got.error();
    co_return out;
  }
  const http::fields& response_trailers() const noexcept override { return body.trailers; }
  bool persistent() const noexcept override { return keeps; }
  bool untouched() const noexcept override { return true; }
  bool reused() const noexcept override { return false; }
  const std::string& peer_address() const noexcept override { return address_; }
  std::uint16_t peer_port() const noexcept override { return 80; }
  bool peer_is_this_host() const noexcept override { return true; }
  void interrupt(bool) noexcept override {
    interrupted = true;
    place_.wake();
  }
  wire::raw_connection raw() noexcept override { return wire::raw_connection(); }

 private:
  waiting_place place_;
  http::response_head response_;
  http::body_size size_;
  std::string address_ = "192.0.2.8";
};

}  // namespace sidespan::forward::test

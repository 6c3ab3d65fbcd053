// SPDX-License-Identifier: Apache-2.0
#include "net/read.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace sidespan::net {
namespace {

using registered = std::remove_pointer_t<asio::detail::reactor::per_descriptor_data>;

// Asio keeps for itself which events it wants of a descriptor, which came last, and for what it tries before it waits
// for an event. An explicit instantiation may name them all the same ([temp.spec.general]/6): this stops compiling when
// they change.
struct wanted_events {};
struct last_events {};
struct tries_first {};
constexpr std::uint32_t registered::*member(wanted_events) noexcept;
constexpr unsigned asio::detail::operation::*member(last_events) noexcept;
using tries = bool[asio::detail::reactor::max_ops];
constexpr tries registered::*member(tries_first) noexcept;
template <class Which, auto Member>
struct shown {
  friend constexpr decltype(Member) member(Which) noexcept { return Member; }
};
template struct shown<wanted_events, &registered::registered_events_>;
template struct shown<last_events, &asio::detail::operation::task_result_>;
template struct shown<tries_first, &registered::try_speculative_>;

/// What was told of the descriptor last. No longer true things may be among it, but of what is here for good, and of
/// urgent data that was not read past, nothing is missing: whatever is newer has an edge that is yet to come.
unsigned last_told(const registered& of) noexcept {
  return ((const asio::detail::operation&)of).*member(last_events());  // a private base
}

/// With one of these a read that did not fill its room may have left something: the FIN, or bytes behind an urgent one.
constexpr unsigned more_than_bytes = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;

/// TCP drops with MSG_TRUNC what it would copy else (tcp(7)). Not by the library's function: sanitizers take it for one
/// that writes.
ssize_t receive_or_drop(int fd, std::span<char> room) noexcept {
  if (room.data() != nullptr) return ::recv(fd, room.data(), room.size(), MSG_DONTWAIT);
  return ::syscall(SYS_recvfrom, fd, nullptr, room.size(), MSG_DONTWAIT | MSG_TRUNC, nullptr, nullptr);
}

/// What only resembles Linux may not know it; a read that waited for an edge behind the FIN would wait for ever.
bool fin_is_told() noexcept {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return false;
  ::close(pair[1]);
  pollfd closed{pair[0], POLLIN | POLLRDHUP, 0};
  const bool told = ::poll(&closed, 1, 0) == 1 && (closed.revents & POLLRDHUP) != 0;
  ::close(pair[0]);
  return told;
}

}  // namespace

bool is_quiet(int fd) noexcept {
  char byte = 0;
  const ssize_t got = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void reader::release::operator()(reader* unused) const noexcept {
  unused->orphaned_ = true;
  if (!unused->queued_) delete unused;
}

reader::reader(read_socket& socket)
    : reactor_op({}, &reader::perform, &reader::complete),
      socket_(socket),
      reactor_(asio::use_service<asio::detail::reactor>(asio::query(socket.get_executor(), asio::execution::context))) {
  cancellation_key_ = this;
}

void reader::start(std::coroutine_handle<> waiting, std::coroutine_handle<> root) noexcept {
  waiting_ = waiting;
  root_ = root;
  received_ = false;
  if (noticed_ != 0 && ended_already()) return come_back();
  if (!queued_) launch();
}

/// A read that has just begun need not wait.
bool reader::ended_already() noexcept {
  const bool look = queued_ && (noticed_ & stirred) != 0;  // the edge was while nobody read
  noticed_ &= static_cast<unsigned char>(~stirred);
  if ((noticed_ & late) == 0) return look && socket_.is_open() && receive() != not_done;
  received_ = true;
  got_ = 0;
  end_ = asio::error::operation_aborted;
  return true;
}

bool reader::at_once() noexcept {
  if (!filled_ || in_a_row_ == most_at_once || queued_ || noticed_ != 0 || !socket_.is_open()) return false;
  ++in_a_row_;
  const status came = receive();
  // As Asio notes it for reads of its own; the next edge makes it try again.
  if (came != done) (socket_.registration()->*member(tries_first()))[asio::detail::reactor::read_op] = false;
  return came != not_done;
}

void reader::time_out() noexcept {
  noticed_ |= late;
  error_code ignored;
  socket_.cancel(ignored);
}

void reader::listen() noexcept {
  waiting_ = {};
  noticed_ &= late;
  if (!queued_) launch();
}

/// The first read tries at once: a request is often there when its connection is. From the second on, which only
/// connections that are kept have, FIN is asked for; the call for it brings up anew what is there already.
void reader::launch() noexcept {
  static const bool dependable = fin_is_told();
  ec_ = {};
  queued_ = true;
  registered* const with_reactor = socket_.registration();
  const bool ask = seasoned_ && !fin_is_told_ && dependable && with_reactor != nullptr;
  if (ask) {
    with_reactor->*member(wanted_events()) |= EPOLLRDHUP;
    fin_is_told_ = true;
  }
  seasoned_ = true;
  reactor_.start_op(asio::detail::reactor::read_op, socket_.native_handle(), socket_.registration(), this, true, !ask);
}

/// Through the queue, like every read: others have their turn.
void reader::come_back() noexcept {
  if (queued_)
    return reactor_.cancel_ops_by_key(socket_.native_handle(), socket_.registration(), asio::detail::reactor::read_op,
                                      this);
  queued_ = true;
  reactor_.post_immediate_completion(this, true);
}

/// False: there is no memory.
bool reader::borrow() noexcept {
  try {
    to_.head ? to_.lender->lend_for_head(*to_.into) : to_.lender->lend(*to_.into);
  } catch (const std::bad_alloc&) {
    return false;
  }
  to_.room = to_.into->span();
  return true;
}

reader::status reader::receive() noexcept {
  if (to_.lender != nullptr && !borrow()) return received_nothing(ENOMEM);
  ssize_t got = 0;
  do {
    got = receive_or_drop(socket_.native_handle(), to_.room);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return received_nothing(got == 0 ? 0 : errno);
  received_ = true;
  got_ = static_cast<std::size_t>(got);
  filled_ = got_ == to_.room.size();
  end_ = {};
  const bool emptied =
      got_ < to_.room.size() && fin_is_told_ && (last_told(*socket_.registration()) & more_than_bytes) == 0;
  return emptied ? done_and_exhausted : done;
}

/// `why`: 0 at the peer's FIN.
reader::status reader::received_nothing(int why) noexcept {
  if (to_.lender != nullptr) to_.into->release();
  filled_ = false;
  if (why == EAGAIN || why == EWOULDBLOCK) return not_done;
  received_ = true;
  got_ = 0;
  end_ = why == 0 ? error_code(asio::error::eof) : error_code(why, boost::system::system_category());
  return done;
}

/// The reactor has an edge, or tries before it waits for one.
reader::status reader::perform(reactor_op* base) {
  auto& self = *static_cast<reader*>(base);
  if (!self.waiting_) {
    if ((self.noticed_ & stirred) == 0 && !is_quiet(self.socket_.native_handle())) self.noticed_ |= stirred;
    return not_done;
  }
  return self.receive();
}

/// `owner` is null when the loop ends before the read does: nobody would ever resume the chain.
void reader::complete(void* owner, asio::detail::operation* base, const error_code&, std::size_t) {
  auto& self = *static_cast<reader*>(base);
  self.queued_ = false;
  const std::coroutine_handle<> next = owner != nullptr ? self.waiting_ : self.root_;
  const bool awaited = bool(self.waiting_);
  if (!self.received_) {
    self.got_ = 0;
    self.end_ = self.ec_ ? self.ec_ : error_code(asio::error::operation_aborted);
  }
  self.waiting_ = {};
  self.in_a_row_ = 0;
  const handle last(self.orphaned_ ? &self : nullptr);  // else it may go with what is resumed
  if (!awaited) return;
  if (owner == nullptr) return next.destroy();
  next.resume();
}

}  // namespace sidespan::net

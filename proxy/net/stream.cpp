// SPDX-License-Identifier: Apache-2.0
#include "net/stream.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>

#include "net/operation.hpp"

namespace sidespan::net {
namespace {

/// What inet_ntop() would say; that prints, which is a fourteenth of what a new connection costs.
std::string text_of(const asio::ip::address_v4& address) {
  std::string out;  // fifteen characters at most: what a string holds in itself
  for (const unsigned part : address.to_bytes()) {
    if (!out.empty()) out += '.';
    out += std::to_string(part);
  }
  return out;
}

/// IPv4 callers of a dual-stack listener appear as ::ffff:a.b.c.d; people and conventions want a.b.c.d.
std::string plain_address(const asio::ip::address& address) {
  if (address.is_v4()) return text_of(address.to_v4());
  if (address.to_v6().is_v4_mapped()) return text_of(asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()));
  return address.to_string();
}

}  // namespace

stream::stream(tcp_socket socket, deadlines& wheel)
    : socket_(std::move(socket)),
      reader_(new reader(socket_)),
      wheel_(wheel),
      deadline_(wheel, &stream::on_deadline, this),
      write_deadline_(wheel, &stream::on_write_deadline, this) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  peer_ = socket_.remote_endpoint(ignored);
  peer_address_ = plain_address(peer_.address());
}

stream::stream(accepted from, deadlines& wheel)
    : socket_(std::move(from.socket)),
      reader_(new reader(socket_)),
      wheel_(wheel),
      peer_(from.peer),
      peer_address_(plain_address(peer_.address())),
      deadline_(wheel, &stream::on_deadline, this),
      write_deadline_(wheel, &stream::on_write_deadline, this) {}

stream::stream(tcp_socket socket, deadlines& wheel, std::string path)
    : socket_(std::move(socket)),
      reader_(new reader(socket_)),
      wheel_(wheel),
      peer_address_(std::move(path)),
      deadline_(wheel, &stream::on_deadline, this),
      write_deadline_(wheel, &stream::on_write_deadline, this) {}

tcp_endpoint stream::local() const noexcept {
  if (peer_.port() == 0) return {};  // a unix socket
  error_code ignored;
  return socket_.local_endpoint(ignored);
}

std::string stream::local_address() const { return plain_address(local().address()); }

void stream::on_deadline(void* self) noexcept {
  auto& late = *static_cast<stream*>(self);
  late.late_ = true;
  late.reader_->time_out();
}

void stream::in_time() noexcept {
  late_ = false;
  if (stopped_ == stop::no) reader_->in_time();
}

void stream::on_write_deadline(void* self) noexcept {
  auto& late = *static_cast<stream*>(self);
  const std::int64_t now = late.taken();
  const bool kept_up = now - late.taken_mark_ >= static_cast<std::int64_t>(late.write_pace_.least);
  late.taken_mark_ = now;
  if (kept_up) return late.write_deadline_.arm(late.write_pace_.window);
  late.write_late_ = true;
  error_code ignored;
  late.socket_.cancel(ignored);
}

/// What the peer's kernel has acknowledged; only differences mean something.
std::int64_t stream::taken() const noexcept {
  int queued = 0;
  return ::ioctl(socket_.native_handle(), SIOCOUTQ, &queued) == 0 ? written_ - queued : written_;
}

void stream::interrupt(bool as_timeout) noexcept {
  if (stopped_ == stop::no) stopped_ = as_timeout ? stop::timeout : stop::failure;
  error_code ignored;
  socket_.shutdown(tcp_socket::shutdown_receive, ignored);
  reader_->time_out();  // and what waits to be written; bytes that keep coming would be read behind a shutdown
}

io_end stream::end_of(const error_code& ec) const noexcept {
  if (late_ || write_late_ || stopped_ == stop::timeout) return io_end::timed_out;
  // An interrupted read may meet the end that interrupt() made itself: not the peer's FIN, which can end a message.
  if (stopped_ != stop::no) return io_end::failed;
  if (ec == asio::error::eof) return io_end::closed;
  if (ec == asio::error::connection_reset || ec == asio::error::broken_pipe) return io_end::reset;
  return io_end::failed;
}

std::optional<std::size_t> stream::try_write(const pieces& text) noexcept {
  std::array<iovec, max_pieces> vector;
  std::size_t count = 0;
  for (const std::string_view piece : text) {
    if (!piece.empty()) vector[count++] = iovec{const_cast<char*>(piece.data()), piece.size()};
  }
  if (count == 0) return 0;
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  msghdr message{};
  message.msg_iov = vector.data();
  message.msg_iovlen = count;
  while (true) {
    const ssize_t sent = count == 1 ? ::send(socket_.native_handle(), vector[0].iov_base, vector[0].iov_len, flags)
                                    : ::sendmsg(socket_.native_handle(), &message, flags);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return 0;
    return std::nullopt;
  }
}

std::size_t stream::skip(pieces& text, std::size_t bytes) noexcept {
  std::size_t left = 0;
  for (std::string_view& piece : text) {
    const std::size_t done = bytes < piece.size() ? bytes : piece.size();
    piece.remove_prefix(done);
    bytes -= done;
    left += piece.size();
  }
  return left;
}

task<std::optional<io_end>> stream::write(pieces text) {
  error_code ec;
  std::optional<io_end> end;
  bool first = true;
  while (true) {
    if (write_stopped()) {
      end = write_late_ || stopped_ == stop::timeout ? io_end::timed_out : io_end::failed;
      co_return end;
    }
    const std::optional<std::size_t> sent = try_write(text);
    if (!sent) {
      end = io_end::reset;
      co_return end;
    }
    if (skip(text, *sent) == 0) co_return end;
    written_ += static_cast<std::int64_t>(*sent);
    if (first) taken_mark_ = taken();
    first = false;
    co_await socket_.async_wait(tcp_socket::wait_write, into(ec));
    // Cancelling ends reads and writes alike (there is no cancelling of one); whose time it was is looked at above.
    if (ec && ec != asio::error::operation_aborted) {
      end = io_end::reset;
      co_return end;
    }
  }
}

bool stream::all_sent() noexcept {
  int waiting = 0;
  return ::ioctl(socket_.native_handle(), SIOCOUTQNSD, &waiting) == 0 && waiting == 0;
}

bool stream::quiet() noexcept { return !reader_->has_received() && is_quiet(socket_.native_handle()); }

bool stream::peer_reset() const noexcept {
  pollfd state{socket_.native_handle(), 0, 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

void stream::shut_write() noexcept {
  error_code ignored;
  socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

void stream::close() noexcept {
  deadline_.disarm();
  write_deadline_.disarm();
  error_code ignored;
  socket_.close(ignored);
}

void stream::abort() noexcept {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

}  // namespace sidespan::net

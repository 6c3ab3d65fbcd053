// SPDX-License-Identifier: Apache-2.0

#include "wire/pages_connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "net/operation.hpp"

namespace sidespan::wire {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using net::error_code;
using net::task;

namespace {

using socket_stream = beast::basic_stream<tcp, net::executor>;

constexpr std::string_view content_security_policy =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

page_response plain(unsigned status, std::string text) {
  page_response response;
  response.status = status;
  response.body = std::move(text) + "\n";
  return response;
}

beast::string_view to_beast(std::string_view text) { return {text.data(), text.size()}; }
std::string to_string(beast::string_view text) { return {text.data(), text.size()}; }

bool is_field_text(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos; }

std::optional<page_response> refusal_of(error_code ec) {
  if (ec == http::error::header_limit) return plain(431, "the request head is too large");
  if (ec == http::error::body_limit) return plain(413, "the request body is too large");
  if (ec.category() == make_error_code(http::error::bad_method).category()) {
    if (ec == http::error::end_of_stream || ec == http::error::partial_message) return std::nullopt;
    return plain(400, "not an HTTP request: " + ec.message());
  }
  return std::nullopt;
}

}  // namespace

// One accepted connection; lives in the frame of serve_pages.
class page_connection {
 public:
  page_connection(std::shared_ptr<page_site> site, net::tcp_socket socket)
      : site_(std::move(site)), stream_(std::move(socket)), timer_(stream_.get_executor()) {
    site_->connections.insert(this);
  }
  ~page_connection() {
    site_->connections.erase(this);
    if (source_) detach();
  }
  page_connection(const page_connection&) = delete;
  page_connection& operator=(const page_connection&) = delete;

  void stop() {
    if (idle_) stream_.cancel();
    if (source_) source_->close();
  }

  task<void> run();

 private:
  using parser = http::request_parser<http::string_body>;

  task<bool> read(parser& request);
  task<bool> exchange(const parser& request);
  task<bool> write(page_response response, unsigned version, bool keep_alive, bool head);
  task<bool> pump(bool chunked);
  task<bool> send_piece(std::string piece, bool chunked);
  page_response answer(const http::request<http::string_body>& message) const;
  const page_settings& settings() const { return site_->settings; }
  void attach(std::shared_ptr<page_stream> source);
  void detach();

  std::shared_ptr<page_site> site_;
  socket_stream stream_;
  beast::flat_buffer buffer_;
  net::timer timer_;
  std::shared_ptr<page_stream> source_;
  bool idle_ = false;
};

page_stream::page_stream(std::string keep_alive, std::size_t max_pending)
    : keep_alive_(std::move(keep_alive)), max_pending_(max_pending) {}

bool page_stream::send(std::string_view piece) {
  if (closed_) return false;
  if (pending_.size() + piece.size() > max_pending_) {
    close();
    return false;
  }
  pending_ += piece;
  if (wake_) wake_();
  return true;
}

void page_stream::close() {
  closed_ = true;
  if (wake_) wake_();
}

void page_connection::attach(std::shared_ptr<page_stream> source) {
  source_ = std::move(source);
  source_->wake_ = [this] { timer_.cancel(); };
}

void page_connection::detach() {
  source_->wake_ = nullptr;
  source_->closed_ = true;
  source_->pending_.clear();
  source_.reset();
}

task<void> page_connection::run() {
  for (bool more = true; more && !site_->stopping;) {
    parser request;
    request.header_limit(static_cast<std::uint32_t>(settings().max_head_bytes));
    request.body_limit(settings().max_body_bytes);
    more = co_await read(request);
    if (more) more = co_await exchange(request);
  }
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

// True when a whole request is there; a request that cannot be is answered here.
task<bool> page_connection::read(parser& request) {
  if (buffer_.size() == 0) {
    idle_ = true;
    stream_.expires_after(settings().idle_timeout);
    auto space = buffer_.prepare(2048);
    error_code idle_error;
    const std::size_t size = co_await stream_.async_read_some(space, net::into(idle_error));
    idle_ = false;
    if (idle_error) co_return false;
    buffer_.commit(size);
  }
  stream_.expires_after(settings().request_timeout);
  error_code ec;
  co_await http::async_read_header(stream_, buffer_, request, net::into(ec));
  if (!ec && beast::iequals(request.get()[http::field::expect], "100-continue")) {
    const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    auto bytes = asio::buffer(go_on);
    co_await asio::async_write(stream_, bytes, net::into(ec));
  }
  if (!ec) co_await http::async_read(stream_, buffer_, request, net::into(ec));
  if (!ec) co_return true;
  auto refused = refusal_of(ec);
  if (!refused) co_return false;
  page_response response = std::move(*refused);
  co_await write(std::move(response), 11, false, false);
  co_return false;
}

// True when the connection can carry another request.
task<bool> page_connection::exchange(const parser& request) {
  const auto& message = request.get();
  const bool keep_alive = message.keep_alive() && !site_->stopping;
  const bool head = message.method() == http::verb::head;
  page_response response = answer(message);
  const unsigned version = message.version();
  const bool written = co_await write(std::move(response), version, keep_alive, head);
  co_return written&& keep_alive;
}

page_response page_connection::answer(const http::request<http::string_body>& message) const {
  const std::string host = to_string(message[http::field::host]);
  // RFC 9112 §3.2: a request of version 1.1 has exactly one Host.
  if (message.version() >= 11 && message.count(http::field::host) != 1) return plain(400, "exactly one Host is needed");
  if (settings().check_host && !page_host_allowed(host, settings())) return plain(403, "this Host is not served here");
  if (const auto origin = message.find(http::field::origin); settings().check_host && origin != message.end()) {
    const std::string value = to_string(origin->value());
    if (value != "http://" + host && value != "https://" + host)
      return plain(403, "requests of other origins are refused");
  }
  page_request request;
  request.method = message.method() == http::verb::head ? "GET" : to_string(message.method_string());
  if (!parse_page_target(to_string(message.target()), request)) return plain(400, "the request target is malformed");
  for (const auto& field : message)
    request.headers.push_back({to_string(field.name_string()), to_string(field.value())});
  request.body = message.body();
  if (!site_->respond) return plain(503, "shutting down");
  try {
    return site_->respond(request);
  } catch (const std::exception& problem) {
    return plain(500, std::string("internal error: ") + problem.what());
  }
}

task<bool> page_connection::write(page_response response, unsigned version, bool keep_alive, bool head) {
  const bool streams = response.stream != nullptr;
  const bool chunked = streams && version >= 11;
  http::response<http::string_body> message(http::int_to_status(response.status), version);
  message.result(response.status);
  message.set(http::field::server, "sidespan");
  message.set(http::field::content_type, to_beast(response.content_type));
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  message.set("Referrer-Policy", "no-referrer");
  message.set("Content-Security-Policy", to_beast(content_security_policy));
  for (const page_field& field : response.headers) {
    if (is_field_text(field.name) && is_field_text(field.value))
      message.set(to_beast(field.name), to_beast(field.value));
  }
  message.keep_alive(keep_alive && (!streams || chunked));
  const bool empty = response.status == 204 || response.status == 304;
  if (!streams && !empty) message.content_length(response.body.size());
  if (chunked) message.chunked(true);
  if (!streams && !empty && !head) message.body() = std::move(response.body);

  stream_.expires_after(settings().request_timeout);
  http::response_serializer<http::string_body> serializer(message);
  error_code ec;
  if (!streams || head) {
    // A HEAD response ends after its head, whatever the head announces (RFC 9112 §6.3).
    co_await http::async_write_header(stream_, serializer, net::into(ec));
    if (ec || head || empty) co_return !ec;
    co_await http::async_write(stream_, serializer, net::into(ec));
    co_return !ec;
  }
  attach(std::move(response.stream));
  co_await http::async_write_header(stream_, serializer, net::into(ec));
  bool whole = !ec;
  if (whole) whole = co_await pump(chunked);
  detach();
  co_return whole&& chunked;
}

task<bool> page_connection::pump(bool chunked) {
  while (true) {
    if (source_->pending_.empty() && !source_->closed_) {
      timer_.expires_after(settings().keep_alive_interval);
      error_code ec;
      co_await timer_.async_wait(net::into(ec));
      if (!ec && source_->pending_.empty()) source_->pending_ = source_->keep_alive_;
      continue;
    }
    std::string piece = std::move(source_->pending_);
    source_->pending_.clear();
    if (piece.empty()) break;
    const bool sent = co_await send_piece(std::move(piece), chunked);
    if (!sent) co_return false;
  }
  if (!chunked) co_return true;
  auto last = http::make_chunk_last();
  stream_.expires_after(settings().request_timeout);
  error_code ec;
  co_await asio::async_write(stream_, last, net::into(ec));
  co_return !ec;
}

task<bool> page_connection::send_piece(std::string piece, bool chunked) {
  stream_.expires_after(settings().request_timeout);
  auto bytes = asio::const_buffer(piece.data(), piece.size());
  error_code ec;
  if (chunked) {
    auto chunk = http::make_chunk(bytes);
    co_await asio::async_write(stream_, chunk, net::into(ec));
    co_return !ec;
  }
  co_await asio::async_write(stream_, bytes, net::into(ec));
  co_return !ec;
}

task<void> serve_pages(std::shared_ptr<page_site> site, net::tcp_socket socket) {
  page_connection connection(std::move(site), std::move(socket));
  co_await connection.run();
}

void stop_pages(page_connection& connection) { connection.stop(); }

}  // namespace sidespan::wire

// SPDX-License-Identifier: Apache-2.0

#include "wire/pages.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <set>

#include "base/log.hpp"
#include "net/listener.hpp"
#include "net/spawn.hpp"

namespace sidespan::wire {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using net::error_code;
using net::task;

namespace {

constexpr auto as_result = asio::as_tuple(net::use_task);
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
  if (ec == beast::error::timeout) return plain(408, "the request did not arrive in time");
  if (ec.category() == make_error_code(http::error::bad_method).category()) {
    if (ec == http::error::end_of_stream || ec == http::error::partial_message) return std::nullopt;
    return plain(400, "not an HTTP request: " + ec.message());
  }
  return std::nullopt;
}

}  // namespace

class page_connection;

struct page_server::state {
  state(asio::io_context& context, page_settings given, callback answer)
      : settings(std::move(given)),
        respond(std::move(answer)),
        acceptor(net::bind_listener(context, settings.address == "localhost" ? "127.0.0.1" : settings.address, settings.port, false)),
        pause(context.get_executor()) {}

  page_settings settings;
  callback respond;
  net::acceptor acceptor;
  net::timer pause;
  std::set<page_connection*> connections;
  base::throttle complaint;
  bool stopping = false;

  static task<void> accept(std::shared_ptr<state> self);
  static task<void> serve(std::shared_ptr<state> self, net::tcp_socket socket);
};

// One accepted connection; lives in the frame of page_server::state::serve.
class page_connection {
 public:
  page_connection(std::shared_ptr<page_server::state> owner, net::tcp_socket socket)
      : owner_(std::move(owner)), stream_(std::move(socket)), timer_(stream_.get_executor()) {
    owner_->connections.insert(this);
  }
  ~page_connection() {
    owner_->connections.erase(this);
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
  const page_settings& settings() const { return owner_->settings; }
  void attach(std::shared_ptr<page_stream> source);
  void detach();

  std::shared_ptr<page_server::state> owner_;
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
  for (bool more = true; more && !owner_->stopping;) {
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
    auto [idle_error, size] = co_await stream_.async_read_some(space, as_result);
    idle_ = false;
    if (idle_error) co_return false;
    buffer_.commit(size);
  }
  stream_.expires_after(settings().request_timeout);
  auto [head_error, head_size] = co_await http::async_read_header(stream_, buffer_, request, as_result);
  error_code ec = head_error;
  if (!ec && beast::iequals(request.get()[http::field::expect], "100-continue")) {
    const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    auto bytes = asio::buffer(go_on);
    auto [write_error, written] = co_await asio::async_write(stream_, bytes, as_result);
    ec = write_error;
  }
  if (!ec) {
    auto [body_error, body_size] = co_await http::async_read(stream_, buffer_, request, as_result);
    ec = body_error;
  }
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
  const bool keep_alive = message.keep_alive() && !owner_->stopping;
  const bool head = message.method() == http::verb::head;
  page_response response = answer(message);
  const unsigned version = message.version();
  const bool written = co_await write(std::move(response), version, keep_alive, head);
  co_return written && keep_alive;
}

page_response page_connection::answer(const http::request<http::string_body>& message) const {
  const std::string host = to_string(message[http::field::host]);
  // RFC 9112 §3.2: a request of version 1.1 has exactly one Host.
  if (message.version() >= 11 && message.count(http::field::host) != 1) return plain(400, "exactly one Host is needed");
  if (settings().check_host && !page_host_allowed(host, settings())) return plain(403, "this Host is not served here");
  if (const auto origin = message.find(http::field::origin); settings().check_host && origin != message.end()) {
    const std::string value = to_string(origin->value());
    if (value != "http://" + host && value != "https://" + host) return plain(403, "requests of other origins are refused");
  }
  page_request request;
  request.method = message.method() == http::verb::head ? "GET" : to_string(message.method_string());
  if (!parse_page_target(to_string(message.target()), request)) return plain(400, "the request target is malformed");
  for (const auto& field : message) request.headers.push_back({to_string(field.name_string()), to_string(field.value())});
  request.body = message.body();
  if (!owner_->respond) return plain(503, "shutting down");
  try {
    return owner_->respond(request);
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
    if (is_field_text(field.name) && is_field_text(field.value)) message.set(to_beast(field.name), to_beast(field.value));
  }
  message.keep_alive(keep_alive && (!streams || chunked));
  const bool empty = response.status == 204 || response.status == 304;
  if (!streams && !empty) message.content_length(response.body.size());
  if (chunked) message.chunked(true);
  if (!streams && !empty && !head) message.body() = std::move(response.body);

  stream_.expires_after(settings().request_timeout);
  http::response_serializer<http::string_body> serializer(message);
  if (!streams || head) {
    // A HEAD response ends after its head, whatever the head announces (RFC 9112 §6.3).
    auto [ec, size] = co_await http::async_write_header(stream_, serializer, as_result);
    if (ec || head || empty) co_return !ec;
    auto [body_error, body_size] = co_await http::async_write(stream_, serializer, as_result);
    co_return !body_error;
  }
  attach(std::move(response.stream));
  auto [ec, size] = co_await http::async_write_header(stream_, serializer, as_result);
  bool whole = !ec;
  if (whole) whole = co_await pump(chunked);
  detach();
  co_return whole && chunked;
}

task<bool> page_connection::pump(bool chunked) {
  while (true) {
    if (source_->pending_.empty() && !source_->closed_) {
      timer_.expires_after(settings().keep_alive_interval);
      auto [ec] = co_await timer_.async_wait(as_result);
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
  auto [ec, size] = co_await asio::async_write(stream_, last, as_result);
  co_return !ec;
}

task<bool> page_connection::send_piece(std::string piece, bool chunked) {
  stream_.expires_after(settings().request_timeout);
  auto bytes = asio::const_buffer(piece.data(), piece.size());
  if (chunked) {
    auto chunk = http::make_chunk(bytes);
    auto [ec, size] = co_await asio::async_write(stream_, chunk, as_result);
    co_return !ec;
  }
  auto [ec, size] = co_await asio::async_write(stream_, bytes, as_result);
  co_return !ec;
}

task<void> page_server::state::serve(std::shared_ptr<state> self, net::tcp_socket socket) {
  page_connection connection(self, std::move(socket));
  co_await connection.run();
}

task<void> page_server::state::accept(std::shared_ptr<state> self) {
  while (!self->stopping) {
    auto [ec, socket] = co_await self->acceptor.async_accept(as_result);
    if (self->stopping) break;
    if (ec) {  // out of descriptors, most likely: wait for some to come back instead of spinning
      if (self->complaint.pass()) base::log(base::log_level::warn, "pages cannot accept", {{"reason", ec.message()}});
      self->pause.expires_after(std::chrono::milliseconds(200));
      error_code ignored;
      auto token = net::into(ignored);
      co_await self->pause.async_wait(token);
      continue;
    }
    if (self->connections.size() >= self->settings.max_connections) {
      constexpr std::string_view full =
          "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 21\r\n\r\ntoo many connections\n";
      error_code ignored;
      socket.non_blocking(true, ignored);
      socket.write_some(asio::buffer(full.data(), full.size()), ignored);
      continue;
    }
    net::spawn(self->acceptor.get_executor(), serve(self, std::move(socket)), "pages");
  }
}

page_server::page_server(asio::io_context& context, page_settings settings, callback respond)
    : state_(std::make_shared<state>(context, std::move(settings), std::move(respond))) {
  net::spawn(context.get_executor(), state::accept(state_), "pages: accept");
}

page_server::~page_server() {
  stop();
  state_->respond = nullptr;
}

std::uint16_t page_server::port() const {
  error_code ignored;
  return state_->acceptor.local_endpoint(ignored).port();
}

std::string page_server::authority() const {
  error_code ignored;
  const tcp::endpoint endpoint = state_->acceptor.local_endpoint(ignored);
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

void page_server::stop() {
  if (state_->stopping) return;
  state_->stopping = true;
  error_code ignored;
  state_->acceptor.close(ignored);
  state_->pause.cancel();
  for (page_connection* connection : state_->connections) connection->stop();
}

}  // namespace sidespan::wire

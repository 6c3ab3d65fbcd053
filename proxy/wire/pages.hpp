// SPDX-License-Identifier: Apache-2.0
//
// A small HTTP/1.1 server for sidespan's own pages. Used by admin and viewer, never by the data path: the owner gets
// whole requests and gives whole responses, or a stream for server-sent events. Everything here, the owner's callback
// and page_stream included, lives on the one thread that runs the given io_context.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace sidespan::wire {

struct page_field {
  std::string name;
  std::string value;
};

struct page_request {
  std::string method;             // HEAD arrives as GET; the server leaves the body out
  std::string path;               // percent-decoded, without the query
  std::vector<page_field> query;  // percent-decoded, in order
  std::vector<page_field> headers;
  std::string body;

  /// The first value of that name; empty when absent. Header names compare without case.
  std::string_view query_value(std::string_view name) const;
  std::string_view header(std::string_view name) const;
};

/// A response body without a known end. The owner keeps it and sends pieces; a reader that falls behind by more than
/// max_pending bytes is cut off, because a browser reconnects by itself and memory does not come back.
class page_stream {
 public:
  explicit page_stream(std::string keep_alive = {}, std::size_t max_pending = 1024 * 1024);

  /// False once the stream is closed: by close(), by the reader, or because the reader fell behind.
  bool send(std::string_view piece);
  void close();
  bool closed() const { return closed_; }

 private:
  friend class page_connection;
  std::string keep_alive_;  // sent when nothing else was for a while, so that a vanished reader is noticed
  std::string pending_;
  std::size_t max_pending_;
  bool closed_ = false;
  std::function<void()> wake_;
};

struct page_response {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<page_field> headers;
  std::shared_ptr<page_stream> stream;  // when set, body is not used
};

struct page_settings {
  /// IP address, `localhost`, or `*` for all.
  std::string address = "127.0.0.1";
  /// 0: the system picks one, see page_server::port.
  std::uint16_t port = 0;
  /// A larger head is answered with 431.
  std::size_t max_head_bytes = 16 * 1024;
  /// A larger body is answered with 413; 0 accepts no body.
  std::size_t max_body_bytes = 0;
  /// For reading one request, and for writing one piece of a response.
  std::chrono::milliseconds request_timeout{10'000};
  /// Between two requests on one connection.
  std::chrono::milliseconds idle_timeout{60'000};
  /// A stream that has nothing to say sends its keep_alive after this time.
  std::chrono::milliseconds keep_alive_interval{5'000};
  /// Further connections are answered with 503.
  std::size_t max_connections = 64;
  /// Refuses (403) a Host that is neither an IP literal, nor a loopback name, nor the listen address, nor in
  /// allowed_hosts: a foreign web site must not reach these pages by pointing its own name at a loopback address. An
  /// Origin must equal the Host.
  bool check_host = true;
  std::vector<std::string> allowed_hosts;
};

/// The rule of page_settings::check_host; `host` is a Host value, with or without a port.
bool page_host_allowed(std::string_view host, const page_settings& settings);

/// "/a%20b?x=1&y=2" into path and query; false when it is not an origin-form target or an escape is broken.
bool parse_page_target(std::string_view target, page_request& request);

struct page_site;  // see pages_connection.hpp

class page_server {
 public:
  using callback = std::function<page_response(const page_request&)>;

  /// Listens at once; throws std::runtime_error that names the address and the reason.
  page_server(boost::asio::io_context& context, page_settings settings, callback respond);
  ~page_server();
  page_server(const page_server&) = delete;
  page_server& operator=(const page_server&) = delete;

  std::uint16_t port() const;
  /// Address and port as a URL shows them: "127.0.0.1:7180", "[::1]:7180".
  std::string authority() const;
  /// Stops accepting, closes idle connections and streams; responses being written are finished.
  void stop();

 private:
  std::shared_ptr<page_site> site_;
};

}  // namespace sidespan::wire

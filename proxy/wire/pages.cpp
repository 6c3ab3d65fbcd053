// SPDX-License-Identifier: Apache-2.0

#include "wire/pages.hpp"

#include <boost/asio/buffer.hpp>

#include "net/operation.hpp"
#include "net/spawn.hpp"
#include "wire/pages_connection.hpp"

namespace sidespan::wire {

namespace asio = boost::asio;
using net::error_code;

namespace {

constexpr std::string_view too_many =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 21\r\n\r\ntoo many "
    "connections\n";

net::acceptor listen(asio::io_context& context, const page_settings& settings) {
  const std::string address = settings.address == "localhost" ? "127.0.0.1" : settings.address;
  return net::bind_listener(context, address, settings.port, false);
}

void refuse(net::tcp_socket socket) {
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(too_many.data(), too_many.size()), ignored);
}

net::task<void> accept(std::shared_ptr<page_site> site) {
  while (!site->stopping) {
    error_code ec;
    auto token = net::into(ec);
    net::tcp_socket socket = co_await site->acceptor.async_accept(token);
    if (site->stopping) break;
    if (ec) {  // out of descriptors, most likely: wait for some to come back instead of spinning
      if (site->complaint.pass()) base::log(base::log_level::warn, "pages cannot accept", {{"reason", ec.message()}});
      site->pause.expires_after(std::chrono::milliseconds(200));
      co_await site->pause.async_wait(token);
    } else if (site->connections.size() >= site->settings.max_connections) {
      refuse(std::move(socket));
    } else {
      net::spawn(site->acceptor.get_executor(), serve_pages(site, std::move(socket)), "pages");
    }
  }
}

}  // namespace

page_server::page_server(asio::io_context& context, page_settings settings, callback respond) {
  net::acceptor acceptor = listen(context, settings);
  site_ = std::make_shared<page_site>(std::move(settings), std::move(respond), std::move(acceptor));
  net::spawn(context.get_executor(), accept(site_), "pages: accept");
}

page_server::~page_server() {
  stop();
  site_->respond = nullptr;
}

std::uint16_t page_server::port() const {
  error_code ignored;
  return site_->acceptor.local_endpoint(ignored).port();
}

std::string page_server::authority() const {
  error_code ignored;
  const net::tcp_endpoint endpoint = site_->acceptor.local_endpoint(ignored);
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

void page_server::stop() {
  if (site_->stopping) return;
  site_->stopping = true;
  error_code ignored;
  site_->acceptor.close(ignored);
  site_->pause.cancel();
  for (page_connection* connection : site_->connections) stop_pages(*connection);
}

}  // namespace sidespan::wire

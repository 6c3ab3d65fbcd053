// SPDX-License-Identifier: Apache-2.0
#include "admin/pages.hpp"

#include <boost/asio/io_context.hpp>

#include "metrics/exposition.hpp"
#include "wire/pages.hpp"

namespace sidespan::admin {
namespace {

using wire::page_request;
using wire::page_response;

constexpr const char* index_page =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>sidespan</title><h1>sidespan</h1><ul>"
    "<li><a href=\"/readyz\">/readyz</a> ready for traffic</li><li><a href=\"/livez\">/livez</a> event loops turn</li>"
    "<li><a href=\"/healthz\">/healthz</a> both</li><li><a href=\"/metrics\">/metrics</a> Prometheus text</li>"
    "<li><a href=\"/build\">/build</a> version and configuration</li></ul></html>\n";

page_response text(unsigned status, std::string body) {
  page_response out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

page_response verdict(bool good, const char* yes, const char* no) { return good ? text(200, yes) : text(503, no); }

page_response typed(const char* type, std::string body) {
  page_response out = text(200, std::move(body));
  out.content_type = type;
  return out;
}

page_response respond(const page_request& request, const views& show) {
  if (request.method != "GET") return text(405, "read-only\n");
  if (request.path == "/livez") return verdict(show.alive(), "alive\n", "an event loop does not turn\n");
  if (request.path == "/readyz") return verdict(show.ready(), "ready\n", "not ready\n");
  if (request.path == "/healthz") return verdict(show.alive() && show.ready(), "healthy\n", "not healthy\n");
  if (request.path == "/metrics") return typed(metrics::content_type.data(), show.metrics());
  if (request.path == "/build") return typed("application/json", show.build());
  if (request.path == "/") return typed("text/html; charset=utf-8", index_page);
  return text(404, "no such page; see /\n");
}

wire::page_settings page_settings_of(const settings& configured) {
  wire::page_settings out;
  out.address = configured.address;
  out.port = configured.port;
  // Scrapers and probes come by pod and service names that nobody told us; there is nothing to change here.
  out.check_host = false;
  return out;
}

}  // namespace

struct pages::state {
  state(boost::asio::io_context& control, const settings& configured, views given)
      : show(std::move(given)), server(control, page_settings_of(configured), [this](const page_request& request) {
          return respond(request, show);
        }) {}

  views show;
  wire::page_server server;
};

pages::pages(boost::asio::io_context& control, const settings& settings, views views)
    : state_(std::make_unique<state>(control, settings, std::move(views))) {}

pages::~pages() = default;

std::uint16_t pages::port() const { return state_->server.port(); }

}  // namespace sidespan::admin

// SPDX-License-Identifier: Apache-2.0
#include "forward/local_reply.hpp"

#include "http/status.hpp"

namespace sidespan::forward {

using base::fault_code;

namespace {

constexpr std::string_view allowed_methods = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS";

/// A response to HEAD has no content (RFC 9110 §9.3.2), also when the head was refused behind the method.
bool asks_for_head(wire::server_exchange& down) noexcept {
  const std::string_view method = down.request().method;
  return method.empty() ? down.first_line().starts_with("HEAD ") : method == "HEAD";
}

}  // namespace

int status_for(const base::fault& fault) noexcept {
  switch (fault.code()) {
    case fault_code::http_request_error:
      return 400;
    case fault_code::request_header_section_size:
      return 431;
    case fault_code::request_uri_too_long:
      return 414;
    case fault_code::request_body_size:
      return 413;
    case fault_code::request_timeout:
      return 408;
    case fault_code::method_not_allowed:
      return 405;
    case fault_code::expectation_failed:
      return 417;
    case fault_code::not_implemented:
      return 501;
    case fault_code::version_not_supported:
      return 505;
    case fault_code::http_request_denied:
      return 403;
    case fault_code::downstream_closed:
      return 0;
    case fault_code::destination_not_found:
      return 404;  // decision 11
    case fault_code::destination_unavailable:
    case fault_code::connection_limit_reached:
    case fault_code::local_ports_used_up:
    case fault_code::shutting_down:
      return 503;
    case fault_code::dns_timeout:
    case fault_code::connection_timeout:
    case fault_code::connection_read_timeout:
    case fault_code::connection_write_timeout:
    case fault_code::http_response_timeout:
      return 504;
    case fault_code::proxy_internal_error:
    case fault_code::proxy_configuration_error:
      return 500;
    case fault_code::destination_ip_unroutable:
    case fault_code::dns_error:
    case fault_code::connection_refused:
    case fault_code::connection_terminated:
    case fault_code::http_response_incomplete:
    case fault_code::http_response_header_section_size:
    case fault_code::http_response_transfer_coding:
    case fault_code::http_protocol_error:
    case fault_code::http_upgrade_failed:
    case fault_code::tls_protocol_error:
    case fault_code::proxy_loop_detected:
      return 502;
    case fault_code::none:
    case fault_code::end_of_stream:
      break;
  }
  return 500;
}

bool closes_connection(const base::fault& fault) noexcept {
  return fault.side() == base::side::downstream || fault.stage() == base::stage::parse ||
         fault.code() == fault_code::shutting_down;
}

net::task<base::result<void>> reply(wire::server_exchange& down, base::fault fault, std::string explanation) {
  base::result<void> done;
  const int status = status_for(fault);
  if (status == 0) co_return done;
  std::string body = "sidespan: ";
  body += fault.detail().empty() ? base::token(fault.code()) : fault.detail();
  if (!explanation.empty()) body += ": " + explanation;
  body += '\n';

  http::response_head head;
  head.status = status;
  head.reason = http::reason_phrase(status);
  head.fields.add("Content-Type", "text/plain; charset=utf-8");
  head.fields.add("X-Content-Type-Options", "nosniff");          // the body may quote what the request said
  if (status == 405) head.fields.add("Allow", allowed_methods);  // RFC 9110 §15.5.6
  if (status == 503) head.fields.add("Retry-After", "1");
  if (closes_connection(fault)) down.close_after();
  http::body_size size;
  size.kind = http::body_size::kind::known;
  size.bytes = body.size();
  down.put_head(head, size);
  const std::string_view content = asks_for_head(down) ? std::string_view() : std::string_view(body);
  const base::result<bool> written = down.write_now(content, true, nullptr);
  if (!written) co_return written.error();
  if (!*written) done = co_await down.flush();
  co_return done;
}

net::task<base::result<void>> reply_to_options(wire::server_exchange& down) {
  base::result<void> done;
  http::response_head head;
  head.status = 200;
  head.reason = http::reason_phrase(head.status);
  head.fields.add("Allow", allowed_methods);
  http::body_size size;
  size.kind = http::body_size::kind::known;
  down.put_head(head, size);
  const base::result<bool> written = down.write_now({}, true, nullptr);
  if (!written) co_return written.error();
  if (!*written) done = co_await down.flush();
  co_return done;
}

}  // namespace sidespan::forward

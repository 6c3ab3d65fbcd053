// SPDX-License-Identifier: Apache-2.0
#include "forward/local_reply.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "fake_exchanges.hpp"
#include "support/loopback.hpp"

namespace sidespan::forward::test {
namespace {

fault downstream_fault(fault_code code) { return {code, side::downstream, stage::parse, "detail"}; }
fault upstream_fault(fault_code code) { return {code, side::upstream, stage::connect, ""}; }

struct answered {
  support::event_loop loop;
  fake_down down{loop.context.get_executor()};

  answered(const fault& why, const std::string& explanation, const char* method = "GET") {
    down.head.method = method;
    const auto done = loop.finish(reply(down, why, explanation));
    CHECK(done);
  }
  bool has(const std::string& line) const {
    return std::count(down.put_fields.begin(), down.put_fields.end(), line) == 1;
  }
};

}  // namespace

TEST_CASE("local_reply: status of each fault (specs 7.7, decision 11)") {
  struct row {
    fault_code code;
    int status;
    const char* token;
  };
  static constexpr row table[] = {
      {fault_code::http_request_error, 400, "http_request_error"},
      {fault_code::request_uri_too_long, 414, "http_request_error"},
      {fault_code::request_header_section_size, 431, "http_request_error"},
      {fault_code::request_body_size, 413, "http_request_error"},
      {fault_code::request_timeout, 408, "http_request_error"},
      {fault_code::method_not_allowed, 405, "http_request_error"},
      {fault_code::expectation_failed, 417, "http_request_error"},
      {fault_code::not_implemented, 501, "http_request_error"},
      {fault_code::version_not_supported, 505, "http_request_error"},
      {fault_code::http_request_denied, 403, "http_request_denied"},
      {fault_code::destination_not_found, 404, "destination_not_found"},
      {fault_code::destination_unavailable, 503, "destination_unavailable"},
      {fault_code::connection_limit_reached, 503, "connection_limit_reached"},
      {fault_code::local_ports_used_up, 503, "connection_limit_reached"},
      {fault_code::shutting_down, 503, "destination_unavailable"},
      {fault_code::connection_refused, 502, "connection_refused"},
      {fault_code::destination_ip_unroutable, 502, "destination_ip_unroutable"},
      {fault_code::dns_error, 502, "dns_error"},
      {fault_code::connection_timeout, 504, "connection_timeout"},
      {fault_code::dns_timeout, 504, "dns_timeout"},
      {fault_code::connection_read_timeout, 504, "connection_read_timeout"},
      {fault_code::connection_write_timeout, 504, "connection_write_timeout"},
      {fault_code::http_response_timeout, 504, "http_response_timeout"},
      {fault_code::connection_terminated, 502, "connection_terminated"},
      {fault_code::http_protocol_error, 502, "http_protocol_error"},
      {fault_code::http_response_header_section_size, 502, "http_response_header_section_size"},
      {fault_code::http_response_transfer_coding, 502, "http_response_transfer_coding"},
      {fault_code::http_response_incomplete, 502, "http_response_incomplete"},
      {fault_code::tls_protocol_error, 502, "tls_protocol_error"},
      {fault_code::http_upgrade_failed, 502, "http_upgrade_failed"},
      {fault_code::proxy_loop_detected, 502, "proxy_loop_detected"},
      {fault_code::proxy_internal_error, 500, "proxy_internal_error"},
      {fault_code::proxy_configuration_error, 500, "proxy_configuration_error"},
      {fault_code::downstream_closed, 0, ""},
  };
  for (const row& each : table) {
    CAPTURE(static_cast<int>(each.code));
    CHECK(status_for(upstream_fault(each.code)) == each.status);
    if (each.status != 0) CHECK(base::token(each.code) == each.token);
  }
}

TEST_CASE("local_reply: says in a line what was wrong and who says so") {
  const answered got(upstream_fault(fault_code::connection_refused), "upstream cart:80 of listener 9001");
  CHECK(got.down.status == 502);
  CHECK(got.down.output.text() == "sidespan: connection_refused: upstream cart:80 of listener 9001\n");
  CHECK(got.down.output.complete);
  CHECK(got.down.put_size.bytes == got.down.output.text().size());
  CHECK(got.has("Content-Type: text/plain; charset=utf-8"));
  CHECK(got.has("X-Content-Type-Options: nosniff"));
  CHECK_FALSE(got.down.closes);
}

TEST_CASE("local_reply: the fault's own words come first") {
  CHECK(answered(downstream_fault(fault_code::http_request_error), "").down.output.text() == "sidespan: detail\n");
}

TEST_CASE("local_reply: HEAD gets the length and no content") {
  const answered got(upstream_fault(fault_code::connection_refused), "x", "HEAD");
  CHECK(got.down.output.text().empty());
  CHECK(got.down.output.complete);
  CHECK(got.down.put_size.bytes == std::string_view("sidespan: connection_refused: x\n").size());
}

TEST_CASE("local_reply: HEAD gets no content when its head could not be read (RFC 9110 §9.3.2)") {
  const auto answer_to = [](const char* line) {
    support::event_loop loop;
    fake_down down{loop.context.get_executor()};
    down.unread_line = line;
    CHECK(loop.finish(reply(down, downstream_fault(fault_code::http_request_error), "")));
    CHECK(down.put_size.bytes == std::string_view("sidespan: detail\n").size());
    return down.output.text();
  };
  CHECK(answer_to("HEAD /long HTTP/1.1").empty());
  CHECK(answer_to("HEAD ").empty());
  for (const char* other : {"", "HEAD", "HEADER / HTTP/1.1", "head / HTTP/1.1", "GET /HEAD HTTP/1.1"})
    CHECK(answer_to(other) == "sidespan: detail\n");
}

TEST_CASE("local_reply: a downstream that is gone gets nothing") {
  const answered got(downstream_fault(fault_code::downstream_closed), "");
  CHECK_FALSE(got.down.status);
  CHECK(got.down.output.writes.empty());
}

TEST_CASE("local_reply: 405 names what is allowed, 503 when to come back") {
  CHECK(answered(downstream_fault(fault_code::method_not_allowed), "")
            .has("Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"));
  CHECK(answered(upstream_fault(fault_code::connection_limit_reached), "").has("Retry-After: 1"));
  CHECK_FALSE(answered(upstream_fault(fault_code::connection_refused), "").has("Retry-After: 1"));
}

TEST_CASE("local_reply: the connection ends when the request was at fault, or at shutdown") {
  CHECK(answered(downstream_fault(fault_code::http_request_error), "").down.closes);
  CHECK(answered(fault(fault_code::shutting_down, side::internal, stage::drain), "").down.closes);
  CHECK_FALSE(answered(fault(fault_code::destination_not_found, side::internal, stage::route), "").down.closes);
}

}  // namespace sidespan::forward::test

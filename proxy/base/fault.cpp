// SPDX-License-Identifier: Apache-2.0
#include "base/fault.hpp"

namespace sidespan::base {

std::string_view token(fault_code code) noexcept {
  switch (code) {
    case fault_code::none:
      return "none";
    case fault_code::http_request_error:
    case fault_code::request_header_section_size:
    case fault_code::request_uri_too_long:
    case fault_code::request_body_size:
    case fault_code::request_timeout:
    case fault_code::method_not_allowed:
    case fault_code::expectation_failed:
    case fault_code::not_implemented:
    case fault_code::version_not_supported:
      return "http_request_error";
    case fault_code::http_request_denied:
      return "http_request_denied";
    case fault_code::downstream_closed:
      return "downstream_closed";
    case fault_code::destination_not_found:
      return "destination_not_found";
    case fault_code::destination_unavailable:
      return "destination_unavailable";
    case fault_code::destination_ip_unroutable:
      return "destination_ip_unroutable";
    case fault_code::dns_error:
      return "dns_error";
    case fault_code::dns_timeout:
      return "dns_timeout";
    case fault_code::connection_refused:
      return "connection_refused";
    case fault_code::connection_timeout:
      return "connection_timeout";
    case fault_code::connection_terminated:
      return "connection_terminated";
    case fault_code::connection_read_timeout:
      return "connection_read_timeout";
    case fault_code::connection_write_timeout:
      return "connection_write_timeout";
    case fault_code::connection_limit_reached:
    case fault_code::local_ports_used_up:
      return "connection_limit_reached";
    case fault_code::http_response_incomplete:
      return "http_response_incomplete";
    case fault_code::http_response_timeout:
      return "http_response_timeout";
    case fault_code::http_response_header_section_size:
      return "http_response_header_section_size";
    case fault_code::http_response_transfer_coding:
      return "http_response_transfer_coding";
    case fault_code::http_protocol_error:
      return "http_protocol_error";
    case fault_code::http_upgrade_failed:
      return "http_upgrade_failed";
    case fault_code::tls_protocol_error:
      return "tls_protocol_error";
    case fault_code::proxy_loop_detected:
      return "proxy_loop_detected";
    case fault_code::proxy_internal_error:
      return "proxy_internal_error";
    case fault_code::proxy_configuration_error:
      return "proxy_configuration_error";
    case fault_code::shutting_down:
      return "destination_unavailable";
    case fault_code::end_of_stream:
      return "connection_terminated";
  }
  return "proxy_internal_error";
}

std::string_view name(side value) noexcept {
  switch (value) {
    case side::internal:
      return "internal";
    case side::downstream:
      return "downstream";
    case side::upstream:
      return "upstream";
  }
  return "internal";
}

std::string_view name(stage value) noexcept {
  switch (value) {
    case stage::accept:
      return "accept";
    case stage::parse:
      return "parse";
    case stage::route:
      return "route";
    case stage::resolve:
      return "resolve";
    case stage::connect:
      return "connect";
    case stage::send_head:
      return "send_head";
    case stage::send_body:
      return "send_body";
    case stage::read_head:
      return "read_head";
    case stage::read_body:
      return "read_body";
    case stage::tunnel:
      return "tunnel";
    case stage::drain:
      return "drain";
  }
  return "accept";
}

}  // namespace sidespan::base

// SPDX-License-Identifier: Apache-2.0
#include "forward/limit.hpp"

namespace sidespan::forward {

using base::fault_code;

std::string_view name(limit which) noexcept {
  switch (which) {
    case limit::header:
      return "header";
    case limit::target:
      return "target";
    case limit::body:
      return "body";
    case limit::slow_head:
      return "slow_head";
    case limit::slow_body:
      return "slow_body";
    case limit::slow_reader:
      return "slow_reader";
    case limit::response_header:
      return "response_header";
    case limit::connections:
      return "connections";
    case limit::requests:
      return "requests";
    case limit::memory:
      return "memory";
    case limit::descriptors:
      return "descriptors";
    case limit::local_ports:
      return "local_ports";
  }
  return "other";
}

std::optional<limit> limit_behind(const base::fault& fault) noexcept {
  switch (fault.code()) {
    case fault_code::request_header_section_size:
      return limit::header;
    case fault_code::request_uri_too_long:
      return limit::target;
    case fault_code::request_body_size:
      return limit::body;
    case fault_code::request_timeout:
      return fault.stage() == base::stage::parse ? limit::slow_head : limit::slow_body;
    case fault_code::http_response_header_section_size:
      return limit::response_header;
    case fault_code::connection_write_timeout:
      if (fault.side() == base::side::downstream) return limit::slow_reader;
      return std::nullopt;
    case fault_code::connection_limit_reached:
      if (fault.stage() == base::stage::connect || fault.stage() == base::stage::resolve) return limit::descriptors;
      return fault.stage() == base::stage::route ? limit::requests : limit::memory;
    case fault_code::local_ports_used_up:
      return limit::local_ports;
    default:
      return std::nullopt;
  }
}

}  // namespace sidespan::forward

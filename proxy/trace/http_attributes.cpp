// SPDX-License-Identifier: Apache-2.0
#include "trace/http_attributes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "trace/redact.hpp"

namespace sidespan::trace {
namespace {

void set_if_any(live_span& span, key k, std::string_view text) {
  if (!text.empty()) span.set(k, text);
}

void set_port(live_span& span, key k, unsigned port) {
  if (port != 0) span.set(k, static_cast<std::int64_t>(port));
}

/// Refused before it was read: nothing is known about it.
bool is_unread(const request_facts& facts) noexcept { return facts.head->method.empty(); }

/// Name and method of either kind. The path never becomes the target (SC-12).
void describe_method(live_span& span, const request_facts& facts, const settings& settings) {
  const std::string_view method = facts.head->method;
  const auto& known = settings.known_methods;
  const bool is_known = std::find(known.begin(), known.end(), method) != known.end();  // SC-13: case-sensitive
  span.set_name(is_known ? method : "HTTP", facts.route);                              // SC-11
  span.set(key::http_request_method, is_known ? method : "_OTHER");
  if (!is_known) set_if_any(span, key::http_request_method_original, method);
}

std::string_view without_userinfo(std::string_view host) noexcept {
  const std::size_t at = host.rfind('@');
  return at == std::string_view::npos ? host : host.substr(at + 1);
}

void append_query(bounded_text& out, const request_facts& facts, const settings& settings) {
  if (settings.url_query == query_policy::keep) out.append(facts.query);
  if (settings.url_query == query_policy::redact) append_redacted_query(out, facts.query, settings.redacted_query_keys);
}

void set_query(live_span& span, const request_facts& facts, const settings& settings) {
  if (facts.query.empty() || settings.url_query == query_policy::drop) return;
  bounded_text query;
  append_query(query, facts, settings);
  span.set(key::url_query, query.view());
}

void set_full_url(live_span& span, const request_facts& facts, const settings& settings) {
  bounded_text url;
  append_url(url, {facts.scheme, facts.host, facts.port, facts.path});
  if (facts.has_query && settings.url_query != query_policy::drop) {
    url.append("?");
    append_query(url, facts, settings);
  }
  span.set(key::url_full, url.view());
}

void set_status_error(live_span& span, int status) {
  span.set_error();
  if (span.has(key::error_type)) return;  // the fault behind a 5xx that we made ourselves says more (decision 11)
  std::array<char, 12> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), status).ptr;
  span.set(key::error_type, std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));  // SC-16
}

/// Faults that we answer with a 4xx: the caller's mistake, not an error of the SERVER span (SC-14, decision 11).
bool answered_4xx(base::fault_code code) noexcept {
  switch (code) {
    case base::fault_code::http_request_error:
    case base::fault_code::http_request_denied:
    case base::fault_code::method_not_allowed:
    case base::fault_code::expectation_failed:
    case base::fault_code::request_header_section_size:
    case base::fault_code::request_uri_too_long:
    case base::fault_code::request_body_size:
    case base::fault_code::request_timeout:
    case base::fault_code::destination_not_found:
      return true;
    default:
      return false;
  }
}

/// What recurs from request to request.
void say_server(live_span& span, const request_facts& facts, const settings& settings) {
  describe_method(span, facts, settings);
  span.set(key::sidespan_leg, "inbound");
  span.set(key::url_scheme, facts.scheme);
  // SC-12: `http.route` is not to be made from paths.
  set_if_any(span, facts.route_inferred ? key::url_template : key::http_route, facts.route);
  set_if_any(span, key::server_address, without_userinfo(facts.host));
  set_port(span, key::server_port, facts.port);
  set_if_any(span, key::client_address, facts.client_address);
  set_if_any(span, key::network_peer_address, facts.peer_address);
  set_port(span, key::network_peer_port, facts.peer_port);
  if (!is_unread(facts)) span.set(key::network_protocol_version, http::name(facts.head->version));
  set_if_any(span, key::user_agent_original, facts.head->fields.value(http::field_id::user_agent));
}

void say_client(live_span& span, const request_facts& facts, const settings& settings) {
  describe_method(span, facts, settings);
  span.set(key::sidespan_leg, "outbound");
  set_if_any(span, key::url_template, facts.route);
  set_if_any(span, key::server_address, without_userinfo(facts.host));
  set_port(span, key::server_port, facts.port != 0 ? facts.port : default_port(facts.scheme));
  // What we speak, whatever the application does (H1-2).
  span.set(key::network_protocol_version, http::name(http::version::http_1_1));
}

}  // namespace

void describe_server(live_span& span, const request_facts& facts, const settings& settings, recurring* before) {
  if (!span.recording()) return;
  const std::size_t offset = span.told().size();
  if (before == nullptr || !before->tell(span, facts)) {
    say_server(span, facts, settings);
    if (before != nullptr) before->learn(span, offset, facts);
  }
  set_if_any(span, key::url_path, facts.path);
  set_query(span, facts, settings);
}

void describe_client(live_span& span, const request_facts& facts, const settings& settings, recurring* before) {
  if (!span.recording()) return;
  const std::size_t offset = span.told().size();
  if (before == nullptr || !before->tell(span, facts)) {
    say_client(span, facts, settings);
    if (before != nullptr) before->learn(span, offset, facts);
  }
  const bool is_url = facts.head->method != "CONNECT" && !is_unread(facts);  // the target of CONNECT is none
  if (is_url) set_full_url(span, facts, settings);
  if (facts.peer_address.empty()) return;
  span.set(key::network_peer_address, facts.peer_address);
  set_port(span, key::network_peer_port, facts.peer_port);
}

void describe_peer(live_span& span, std::string_view address, std::uint16_t port, bool reused) {
  if (!span.recording()) return;
  set_if_any(span, key::network_peer_address, address);
  set_port(span, key::network_peer_port, port);
  span.set(key::sidespan_connection_reused, reused);
}

void describe_response(live_span& span, span_kind kind, int status) {
  if (!span.recording()) return;
  span.set(key::http_response_status_code, static_cast<std::int64_t>(status));
  const int first_error = kind == span_kind::server ? 500 : 400;  // SC-14
  if (status < 100 || status >= first_error) set_status_error(span, status);
}

void describe_fault(live_span& span, const base::fault& fault) {
  if (!span.recording() || fault.code() == base::fault_code::none) return;
  if (fault.code() == base::fault_code::downstream_closed) {
    span.set(key::sidespan_downstream_closed, true);  // SC-17, decision 12
    return;
  }
  if (span.kind() == span_kind::server && answered_4xx(fault.code())) return;
  span.set(key::error_type, base::token(fault.code()));  // SC-15: a status that was received stays
  span.set_error();
}

}  // namespace sidespan::trace

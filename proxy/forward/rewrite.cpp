// SPDX-License-Identifier: Apache-2.0
#include "forward/rewrite.hpp"

#include <algorithm>
#include <cstring>

#include "http/hop_by_hop.hpp"
#include "http/upgrade.hpp"

namespace sidespan::forward {

using base::fault;
using http::field_id;

namespace {

/// Own pseudonym in any Via line: this request has been here before (RFC 9110 §7.6.3).
bool is_loop(const http::fields& fields, std::string_view pseudonym) {
  if (!fields.may_have({field_id::via})) return false;
  for (const http::field& field : fields) {
    if (field.id == field_id::via && field.value.find(pseudonym) != std::string_view::npos) return true;
  }
  return false;
}

/// `a, b` in the arena.
std::string_view joined(std::string_view list, std::string_view element, base::arena& arena) {
  char* place = arena.allocate(list.size() + 2 + element.size());
  std::memcpy(place, list.data(), list.size());
  std::memcpy(place + list.size(), ", ", 2);
  std::memcpy(place + list.size() + 2, element.data(), element.size());
  return {place, list.size() + 2 + element.size()};
}

/// Interfaces like CGI (RFC 3875 §4.1.18) make one of `-` and `_`, and capitals of all.
bool same_to_an_application(char received, char known) noexcept {
  if (received == '_') return known == '-';
  return (received >= 'A' && received <= 'Z' ? received + ('a' - 'A') : received) == known;
}

/// Names that tell an application who calls; all of X-Forwarded-*, whatever they are.
bool tells_of_caller(const http::field& line) noexcept {
  const auto begins = [&line](std::string_view with) {
    return line.name.size() >= with.size() &&
           std::equal(with.begin(), with.end(), line.name.begin(),
                      [](char known, char received) { return same_to_an_application(received, known); });
  };
  const auto is = [&](std::string_view whole) { return line.name.size() == whole.size() && begins(whole); };
  return begins("x-forwarded-") || is("forwarded") || is("x-real-ip");
}

void append_forwarded(http::fields& fields, std::string_view peer, base::arena& arena) {
  if (fields.count(field_id::x_forwarded_for) > 1) {
    // Several lines are one list (RFC 9110 §5.3); appending a line of our own keeps their order.
    fields.add(field_id::x_forwarded_for, "X-Forwarded-For", peer);
  } else if (const http::field* list = fields.find(field_id::x_forwarded_for)) {
    fields.set(field_id::x_forwarded_for, list->name, list->value.empty() ? peer : joined(list->value, peer, arena));
  } else {
    fields.add(field_id::x_forwarded_for, "X-Forwarded-For", peer);
  }
  if (fields.find(field_id::x_forwarded_proto) == nullptr)
    fields.add(field_id::x_forwarded_proto, "X-Forwarded-Proto", "http");
}

/// Who the caller is, decision 17.
void say_caller(http::fields& fields, const request_rewrite& how, base::arena& arena) {
  using forwarded = enum listener_settings::forwarded;
  const forwarded wanted = how.on.settings().forwarded;
  // H1-30: a stranger could pass for anybody else.
  if (wanted != forwarded::append || !how.trusted) fields.remove_if(tells_of_caller);
  if (wanted != forwarded::strip) append_forwarded(fields, how.peer_address, arena);
}

}  // namespace

base::result<void> rewrite_request(http::request_head& head, const request_rewrite& how, base::arena& arena) {
  http::fields& fields = head.fields;
  if (is_loop(fields, how.on.pseudonym())) {
    return fault(base::fault_code::proxy_loop_detected, base::side::internal, base::stage::route,
                 "the request came back to this proxy");
  }
  if (auto removed = http::remove_hop_by_hop(fields); !removed) return removed.error();
  // A 1.0 caller does not wait for a 100 (RFC 9110 §10.1.1); in our 1.1 request the field would mean that it does.
  if (head.version == http::version::http_1_0) fields.remove(field_id::expect);
  // After the removal, so that a Connection field cannot take away what we add (H1-26).
  fields.set(field_id::host, "Host", how.host);
  if (how.on.inbound()) say_caller(fields, how, arena);
  if (!how.upgrade.empty()) {
    fields.add(field_id::connection, "Connection", "Upgrade");  // CN-2: both are made anew
    fields.add(field_id::upgrade, "Upgrade", how.upgrade);
  } else if (how.keep_trailers) {
    // Trailers are forwarded, and only a recipient that was asked may send them (RFC 9110 §6.5.1, §10.1.4).
    fields.add(field_id::connection, "Connection", "TE");
    fields.add(field_id::te, "TE", "trailers");
  }
  if (how.on.settings().via) fields.add(field_id::via, "Via", how.on.via(head.version));
  return {};
}

base::result<void> rewrite_response(http::response_head& head, const leg& on, base::arena& arena) {
  std::string_view demanded;
  if (head.status == 426) demanded = http::demanded_upgrade(head, arena);
  if (auto removed = http::remove_hop_by_hop(head.fields); !removed) {
    return fault(base::fault_code::http_protocol_error, base::side::upstream, base::stage::read_head,
                 "response nominates framing fields");
  }
  if (!demanded.empty()) {
    head.fields.add(field_id::connection, "Connection", "Upgrade");  // CN-2: without it the status says nothing
    head.fields.add(field_id::upgrade, "Upgrade", demanded);
  }
  if (on.settings().via) head.fields.add(field_id::via, "Via", on.via(head.version));
  return {};
}

}  // namespace sidespan::forward

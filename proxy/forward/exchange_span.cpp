// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "forward/exchange.hpp"
#include "trace/begin.hpp"
#include "trace/tunnel_attributes.hpp"

// What an exchange tells about itself: its span, its entry in the ledger, the field for its caller.

namespace sidespan::forward {

using http::field_id;

namespace {

/// Who began this, as X-Forwarded-For says: each proxy adds who called it. Where some callers are trusted, the last
/// that is none of them, because what a stranger sent stands in front of it (SC-32).
std::string_view first_caller(const http::fields& fields, const listener_settings& settings) {
  const bool listed = settings.trust == listener_settings::trust::listed;
  std::string_view out;
  for (const http::field& line : fields) {
    if (line.id != field_id::x_forwarded_for) continue;
    std::string_view chain = line.value;
    while (const auto each = base::next_list_element(chain)) {
      if (out.empty() || (listed && !settings.trusted.contain(*each))) out = *each;
      if (!listed) return out;
    }
  }
  return out;
}

}  // namespace

void exchange::begin_span() {
  const trace::context* above = parent_ ? &*parent_ : nullptr;
  // Ambiguous parent but one trace: a span of that trace without a parent (correlation.md rung 6).
  const bool same_trace = above == nullptr && verdict_ && verdict_->same_trace;
  const trace::sampler& sampler = leg_.sampler_for(rule_);
  const trace::context self = trace::begin(same_trace ? &*verdict_->same_trace : above, sampler, shard_.random);
  const auto kind = leg_.inbound() ? trace::span_kind::server : trace::span_kind::client;
  const base::steady_time now = attempts_ <= 1 ? began_ : shard_.all.clock.steady();
  span_.emplace(shard_.sink, shard_.all.clock, kind, self, above != nullptr ? above->span : trace::span_id{},
                above != nullptr && above->remote, trace::moment{now, shard_.walls.at(now, shard_.all.clock)});
  last_context_ = self;
  if (leg_.inbound()) {
    trace::describe_server(*span_, facts(), configured_->trace, &recurring_);
  } else {
    trace::describe_client(*span_, facts(), configured_->trace, &recurring_);
    if (attempts_ > 1) span_->set(trace::key::http_request_resend_count, static_cast<std::int64_t>(attempts_ - 1));
    tell_parent();
  }
}

/// What the ladder said, on the span: a link is known or says how sure it is.
void exchange::tell_parent() {
  if (!verdict_) return;
  span_->set(trace::key::sidespan_parent_method, correlate::name(verdict_->method));
  span_->set(trace::key::sidespan_parent_confidence, verdict_->confidence);
  span_->set(trace::key::sidespan_parent_candidates, static_cast<std::int64_t>(verdict_->candidates));
  for (const trace::link& link : verdict_->links) span_->add_link(link);
}

/// Where the time of an attempt went: connecting as lengths, the rest since the span began.
void exchange::tell_phases() {
  if (!span_->recording()) return;
  trace::describe_opening(*span_, opened_.resolve, opened_.connect);
  const auto point = [this](trace::key key, base::steady_time at) {
    if (at.ns != 0) span_->set(key, std::max((at - span_->started()).count(), std::int64_t{0}));
  };
  point(trace::key::sidespan_phase_request_sent, moved_.request_sent);
  point(trace::key::sidespan_phase_first_byte, moved_.first_byte);
  if (moved_.last_byte != moved_.first_byte) point(trace::key::sidespan_phase_last_byte, moved_.last_byte);
}

/// Into the ledger before the head goes to the app (decision 6).
void exchange::publish() {
  if (shard_.all.ledger == nullptr || !span_) return;
  entry_ = shard_.all.ledger->publish(span_->self(), began_, request_id());
}

/// The first of the configured fields that has a value. Where none is there, one is added: rung 1 for free, because log
/// libraries and gateways that pass a request id on make their calls exact.
std::string_view exchange::request_id() {
  bool present = false;
  for (const std::string& known : shard_.all.request_id_fields) {
    const http::field* const found = down_.request().fields.find(std::string_view(known));
    if (found != nullptr && !found->value.empty()) return found->value;
    present = present || found != nullptr;
  }
  const std::string& name = shard_.all.request_id_field;
  if (name.empty() || present) return {};
  const trace::trace_id id = trace::make_trace_id(shard_.random);
  char* text = down_.arena().allocate(2 * id.bytes.size());
  base::write_hex(id.bytes, text);
  const std::string_view value(text, 2 * id.bytes.size());
  down_.request().fields.add(name, value);
  return value;
}

void exchange::add_response_field(http::response_head& head) {
  const std::string& name = configured_->forward.response_header;
  if (name.empty() || !leg_.inbound() || !span_) return;
  const trace::context& self = span_->self();
  std::string value = "00-" + self.trace.hex() + "-" + self.span.hex() + (self.sampled() ? "-01" : "-00");
  if (name == "server-timing") value = "trace;desc=" + value;
  if (name != "server-timing" && name != "traceresponse") value = self.trace.hex();
  head.fields.add(name, down_.arena().copy(value));
}

/// What a caller asks for is called what it called it, also when it is refused; what we send is http.
std::string_view exchange::scheme() const noexcept {
  const bool sent = !leg_.inbound() && rule_ != nullptr;
  if (sent || target_.form != http::target_form::absolute) return "http";
  for (const std::string_view known : {"http", "https"}) {
    if (base::iequals(target_.scheme, known)) return known;
  }
  return target_.scheme;
}

trace::request_facts exchange::facts() const noexcept {
  trace::request_facts out;
  const http::request_head& head = down_.request();
  out.head = &head;
  out.scheme = scheme();
  out.host = server_.host;
  out.port = server_.port;
  out.path = target_.path;
  out.query = target_.query;
  out.has_query = target_.has_query;
  out.route = route_;
  out.route_inferred = rule_ == nullptr || rule_->route().empty();
  if (!leg_.inbound()) return out;
  out.peer_address = out.client_address = down_.peer_address();
  out.peer_port = down_.peer_port();
  if (!trusted_ || leg_.settings().forwarded == listener_settings::forwarded::replace) return out;
  // Who began this, as far as trusted peers say (specs §5.3, SC-32).
  if (const std::string_view client = first_caller(head.fields, leg_.settings()); !client.empty())
    out.client_address = client;
  if (base::iequals(head.fields.value(field_id::x_forwarded_proto), "https")) out.scheme = "https";
  return out;
}

}  // namespace sidespan::forward

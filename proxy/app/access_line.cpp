// SPDX-License-Identifier: Apache-2.0
#include "app/access_line.hpp"

// What a line says, by kind of exchange; how it is written: access_line_text.cpp.

namespace sidespan::app {
namespace {

std::string_view version_of(const forward::finished_exchange& what) {
  if (what.request == nullptr) return "HTTP/1.1";
  switch (what.request->version) {
    case http::version::http_1_0:
      return "HTTP/1.0";
    case http::version::http_2:
      return "HTTP/2";
    default:
      return "HTTP/1.1";
  }
}

std::string_view field_of(const forward::finished_exchange& what, http::field_id id) {
  return what.request == nullptr ? std::string_view() : what.request->fields.value(id);
}

}  // namespace

/// `host:port`, or nothing.
void access_line::append_upstream(std::string& out, const forward::finished_exchange& what) {
  if (what.upstream.empty()) return;
  const bool v6 = what.upstream.find(':') != std::string_view::npos;
  if (v6) out += '[';
  out += what.upstream;
  if (v6) out += ']';
  out += ':';
  append_number(out, what.upstream_port);
}

template <class Finished>
std::string_view access_line::line_of(const Finished& what, base::wall_time at) {
  line_.clear();
  if (how_.json) {
    write_json(what, at);
  } else {
    write_text(what, at);
  }
  line_ += '\n';
  return line_;
}

std::string_view access_line::write(const forward::finished_exchange& what, base::wall_time at) {
  return line_of(what, at);
}

std::string_view access_line::write(const forward::finished_tunnel& what, base::wall_time at) {
  return line_of(what, at);
}

void access_line::write_json(const forward::finished_exchange& what, base::wall_time at) {
  begin_json(at, what.inbound, what.listener, what.peer);
  if (what.first_line.empty()) {
    line_ += ",\"method\":";
    quoted(what.method, most_method);
    line_ += ",\"target\":";
    quoted(target_of(what.target), most_target);
    member("version", version_of(what));
  } else {
    member("first_line", first_line_of(what.first_line));
  }
  member("host", field_of(what, http::field_id::host));
  if (what.status != 0) member("status", static_cast<std::uint64_t>(what.status));
  if (what.fault != base::fault_code::none) member("fault", base::token(what.fault));
  member("duration_us", microseconds(what.duration));
  if (what.response_after.count() >= 0) member("response_us", microseconds(what.response_after));
  member("request_bytes", what.request_bytes);
  member("response_bytes", what.response_bytes);
  if (!what.upstream.empty()) {
    clean_.clear();
    append_upstream(clean_, what);
    target_ = clean_;
    member("upstream", target_);
  }
  member("attempts", what.attempts);
  member("route", what.route);
  member("user_agent", field_of(what, http::field_id::user_agent));
  end_json(what.context);
}

void access_line::write_text(const forward::finished_exchange& what, base::wall_time at) {
  begin_text(at, what.inbound, what.listener, what.peer);
  line_ += " \"";
  if (what.first_line.empty()) {
    escaped(what.method, most_method);
    line_ += ' ';
    escaped(target_of(what.target), most_target);
    (line_ += ' ') += version_of(what);
  } else {
    escaped(first_line_of(what.first_line), most_text);
  }
  line_ += "\" ";
  if (what.status != 0) append_number(line_, static_cast<std::uint64_t>(what.status));
  if (what.status == 0) line_ += '-';
  column(what.fault == base::fault_code::none ? std::string_view() : base::token(what.fault));
  append_number(line_ += ' ', microseconds(what.duration));
  line_ += "us ";
  append_number(line_, what.request_bytes);
  append_number(line_ += ' ', what.response_bytes);
  target_.clear();
  append_upstream(target_, what);
  column(target_);
  line_ += ' ';
  quoted(what.route, most_text);
  line_ += ' ';
  quoted(field_of(what, http::field_id::user_agent), most_text);
  end_text(what.context);
}

void access_line::write_json(const forward::finished_tunnel& what, base::wall_time at) {
  begin_json(at, what.inbound, what.listener, what.peer);
  member("protocol", forward::name(what.kind));
  member("end", forward::name(what.end));
  if (what.fault != base::fault_code::none) member("fault", base::token(what.fault));
  member("duration_us", microseconds(what.duration));
  member("bytes_up", what.bytes_up);
  member("bytes_down", what.bytes_down);
  member("upstream", what.upstream);
  end_json(what.context);
}

/// The columns of an exchange, so that one pattern reads both.
void access_line::write_text(const forward::finished_tunnel& what, base::wall_time at) {
  begin_text(at, what.inbound, what.listener, what.peer);
  ((line_ += " \"") += forward::name(what.kind)) += ' ';
  (line_ += forward::name(what.end)) += "\" -";
  column(what.fault == base::fault_code::none ? std::string_view() : base::token(what.fault));
  append_number(line_ += ' ', microseconds(what.duration));
  append_number(line_ += "us ", what.bytes_up);
  append_number(line_ += ' ', what.bytes_down);
  column(what.upstream);
  line_ += " \"\" \"\"";
  end_text(what.context);
}

}  // namespace sidespan::app

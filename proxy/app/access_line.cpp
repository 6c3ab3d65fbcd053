// SPDX-License-Identifier: Apache-2.0
#include "app/access_line.hpp"

#include <array>
#include <charconv>
#include <ctime>

#include "base/text.hpp"
#include "trace/redact.hpp"
#include "trace/utf8.hpp"

namespace sidespan::app {
namespace {

// What strangers write must not fill the log; longer values are cut.
constexpr std::size_t most_method = 64;
constexpr std::size_t most_target = 2048;
constexpr std::size_t most_text = 512;

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_padded(std::string& out, unsigned value, int width) {
  std::array<char, 9> digits;
  for (int i = width; i-- > 0; value /= 10) digits[static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
  out.append(digits.data(), static_cast<std::size_t>(width));
}

/// 2026-11-22T18:52:50.123456Z
void append_time(std::string& out, base::wall_time at) {
  const auto seconds = static_cast<std::time_t>(at.ns / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  append_padded(out, static_cast<unsigned>(parts.tm_year + 1900), 4);
  append_padded(out += '-', static_cast<unsigned>(parts.tm_mon + 1), 2);
  append_padded(out += '-', static_cast<unsigned>(parts.tm_mday), 2);
  append_padded(out += 'T', static_cast<unsigned>(parts.tm_hour), 2);
  append_padded(out += ':', static_cast<unsigned>(parts.tm_min), 2);
  append_padded(out += ':', static_cast<unsigned>(parts.tm_sec), 2);
  append_padded(out += '.', static_cast<unsigned>(at.ns % 1'000'000'000 / 1000), 6);
  out += 'Z';
}

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  const std::size_t begin = out.size();
  out.resize(begin + 2 * bytes.size());
  base::write_hex(bytes, out.data() + begin);
}

std::uint64_t microseconds(base::nanoseconds duration) {
  return duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count() / 1000);
}

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

/// `host:port`, or nothing.
void append_upstream(std::string& out, const forward::finished_exchange& what) {
  if (what.upstream.empty()) return;
  const bool v6 = what.upstream.find(':') != std::string_view::npos;
  if (v6) out += '[';
  out += what.upstream;
  if (v6) out += ']';
  out += ':';
  append_number(out, what.upstream_port);
}

}  // namespace

std::string_view access_line::write(const forward::finished_exchange& what, base::wall_time at) {
  line_.clear();
  if (how_.json) {
    write_json(what, at);
  } else {
    write_text(what, at);
  }
  line_ += '\n';
  return line_;
}

void access_line::write_json(const forward::finished_exchange& what, base::wall_time at) {
  append_time(line_ += "{\"time\":\"", at);
  line_ += "\",\"log\":\"access\"";
  member("leg", what.inbound ? "inbound" : "outbound");
  member("listener", what.listener);
  member("client", what.peer);
  line_ += ",\"method\":";
  quoted(what.method, most_method);
  line_ += ",\"target\":";
  quoted(target_of(what.target), most_target);
  member("version", version_of(what));
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
  if (what.context != nullptr) {
    append_hex(line_ += ",\"trace_id\":\"", what.context->trace.bytes);
    append_hex(line_ += "\",\"span_id\":\"", what.context->span.bytes);
    line_ += what.context->sampled() ? "\",\"sampled\":true" : "\",\"sampled\":false";
  }
  line_ += '}';
}

void access_line::write_text(const forward::finished_exchange& what, base::wall_time at) {
  append_time(line_, at);
  line_ += what.inbound ? " inbound" : " outbound";
  column(what.listener);
  column(what.peer);
  line_ += " \"";
  escaped(what.method, most_method);
  line_ += ' ';
  escaped(target_of(what.target), most_target);
  (line_ += ' ') += version_of(what);
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
  if (what.context == nullptr) {
    line_ += " - -";
    return;
  }
  append_hex(line_ += ' ', what.context->trace.bytes);
  append_hex(line_ += ' ', what.context->span.bytes);
}

void access_line::member(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  ((line_ += ",\"") += name) += "\":";
  quoted(value, most_text);
}

void access_line::member(std::string_view name, std::uint64_t value) {
  ((line_ += ",\"") += name) += "\":";
  append_number(line_, value);
}

void access_line::quoted(std::string_view text, std::size_t limit) {
  line_ += '"';
  escaped(text, limit);
  line_ += '"';
}

/// A column of the text form: never empty and never two.
void access_line::column(std::string_view text) {
  line_ += ' ';
  if (text.empty()) {
    line_ += '-';
  } else if (text.find_first_of(" \"") == std::string_view::npos) {
    escaped(text, most_text);
  } else {
    quoted(text, most_text);
  }
}

/// Valid UTF-8, RFC 8259 §7, and nothing that a terminal would obey: C0, DEL and C1 (U+0080..U+009F) are written out.
void access_line::escaped(std::string_view text, std::size_t limit) {
  static constexpr char digits[] = "0123456789abcdef";
  clean_.clear();
  trace::append_utf8(clean_, text, limit);
  for (std::size_t i = 0; i < clean_.size(); ++i) {
    auto byte = static_cast<unsigned char>(clean_[i]);
    const bool c1 = byte == 0xc2 && static_cast<unsigned char>(clean_[i + 1]) < 0xa0;  // valid: it has a second byte
    if (c1) byte = static_cast<unsigned char>(clean_[++i]);
    if (byte == '"' || byte == '\\') {
      (line_ += '\\') += clean_[i];
    } else if (byte < 0x20 || byte == 0x7f || c1) {
      ((line_ += "\\u00") += digits[byte >> 4]) += digits[byte & 15];
    } else {
      line_ += clean_[i];
    }
  }
}

/// As received, with the query as spans have it and without user information. Also for targets that could not be
/// parsed: a malformed request carries the same secrets.
std::string_view access_line::target_of(std::string_view raw) {
  target_.clear();
  const std::size_t mark = raw.find('?');
  std::string_view before = raw.substr(0, mark);
  if (!before.starts_with('/')) {  // absolute-form, authority-form
    const std::size_t scheme = before.find("://");
    const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
    const std::size_t at = before.substr(host, before.find('/', host) - host).rfind('@');
    target_ += before.substr(0, host);
    before.remove_prefix(host);
    if (at != std::string_view::npos) {
      target_ += "REDACTED:REDACTED@";
      before.remove_prefix(at + 1);
    }
  }
  target_ += before;
  if (mark == std::string_view::npos || how_.url_query == trace::query_policy::drop) return target_;
  const std::string_view query = raw.substr(mark + 1);
  target_ += '?';
  if (how_.url_query == trace::query_policy::keep) return target_ += query;
  trace::bounded_text redacted;
  trace::append_redacted_query(redacted, query, how_.redacted_query_keys);
  return target_ += redacted.view();
}

}  // namespace sidespan::app

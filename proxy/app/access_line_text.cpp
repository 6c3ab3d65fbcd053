// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "app/access_line.hpp"
#include "base/text.hpp"
#include "trace/redact.hpp"
#include "trace/utf8.hpp"

// How a line is written: members, columns, escapes and bounds.

namespace sidespan::app {
namespace {

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

}  // namespace

void access_line::append_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

std::uint64_t access_line::microseconds(base::nanoseconds duration) {
  return duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count() / 1000);
}

void access_line::begin_json(base::wall_time at, bool inbound, std::string_view listener, std::string_view peer) {
  append_time(line_ += "{\"time\":\"", at);
  line_ += "\",\"log\":\"access\"";
  member("leg", inbound ? "inbound" : "outbound");
  member("listener", listener);
  member("client", peer);
}

void access_line::end_json(const trace::context* context) {
  if (context != nullptr) {
    append_hex(line_ += ",\"trace_id\":\"", context->trace.bytes);
    append_hex(line_ += "\",\"span_id\":\"", context->span.bytes);
    line_ += context->sampled() ? "\",\"sampled\":true" : "\",\"sampled\":false";
  }
  line_ += '}';
}

void access_line::begin_text(base::wall_time at, bool inbound, std::string_view listener, std::string_view peer) {
  append_time(line_, at);
  line_ += inbound ? " inbound" : " outbound";
  column(listener);
  column(peer);
}

void access_line::end_text(const trace::context* context) {
  if (context == nullptr) {
    line_ += " - -";
    return;
  }
  append_hex(line_ += ' ', context->trace.bytes);
  append_hex(line_ += ' ', context->span.bytes);
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

/// What does not begin like a request is another protocol, or content that was taken for a request: enough to tell
/// which, too little to give it away.
std::string_view access_line::first_line_of(std::string_view raw) {
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto method_end = std::find_if_not(raw.begin(), raw.end(), capital);
  const bool request = method_end != raw.begin() && method_end != raw.end() && *method_end == ' ';
  return request ? target_of(raw) : raw.substr(0, most_foreign);
}

}  // namespace sidespan::app

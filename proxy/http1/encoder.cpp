// SPDX-License-Identifier: Apache-2.0
#include "http1/encoder.hpp"

#include <cstring>

#include "base/text.hpp"

namespace sidespan::http1 {

namespace {

using http::body_size;
using http::field_id;

constexpr std::string_view crlf = "\r\n";
constexpr std::size_t most_digits = 20;  // 2^64 - 1, and the three digits of a status

/// std::to_chars for any radix at run time is seven times the code, and code that is not in the cache is what costs.
template <unsigned radix>
void append_number(std::uint64_t value, std::string& out) {
  char digits[most_digits];
  char* const end = digits + most_digits;
  char* begin = end;
  do {
    *--begin = "0123456789abcdef"[value % radix];
    value /= radix;
  } while (value != 0);
  out.append(begin, end);
}

char* put(char* to, std::string_view text) noexcept {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

void append_line(std::string_view name, std::string_view value, std::string& out) {
  const std::size_t begin = out.size();
  out.resize(begin + name.size() + value.size() + 2 * crlf.size());
  put(put(put(put(out.data() + begin, name), ": "), value), crlf);
}

void append_length(std::uint64_t bytes, std::string& out) {
  out.append("Content-Length: ");
  append_number<10>(bytes, out);
  out.append(crlf);
}

void append_chunked(std::string& out) { append_line("Transfer-Encoding", "chunked", out); }

bool is_framing(field_id id) noexcept { return id == field_id::content_length || id == field_id::transfer_encoding; }

/// Lines that were received one behind the other and stay as they are, sent in one piece.
struct run_of_lines {
  const char* begin = nullptr;
  const char* end = nullptr;  // behind the CRLF of the last

  bool take(const http::field& line) noexcept {
    if (!line.as_received || (begin != nullptr && line.name.data() != end)) return false;
    if (begin == nullptr) begin = line.name.data();
    end = line.value.data() + line.value.size() + crlf.size();
    return true;
  }
  char* put_to(char* to) noexcept {
    if (begin != nullptr) to = put(to, {begin, static_cast<std::size_t>(end - begin)});
    begin = nullptr;
    return to;
  }
};

/// FR-16: what was received as framing is never copied.
void append_fields(const http::fields& fields, std::string& out) {
  std::size_t most = 0;
  for (const http::field& line : fields) most += line.name.size() + line.value.size() + 2 * crlf.size();
  const std::size_t begin = out.size();
  out.resize(begin + most);
  char* to = out.data() + begin;
  run_of_lines run;
  for (const http::field& line : fields) {
    if (is_framing(line.id) || run.take(line)) continue;
    to = run.put_to(to);
    if (!run.take(line)) to = put(put(put(put(to, line.name), ": "), line.value), crlf);
  }
  to = run.put_to(to);
  out.resize(static_cast<std::size_t>(to - out.data()));
}

/// RFC 9110 §8.6: a response to HEAD and a 304 may say how long the content would have been.
void append_length_without_content(const http::response_head& head, body_size body, std::string& out) {
  const auto received = base::parse_decimal(head.fields.value(field_id::content_length));
  if (received && head.fields.count(field_id::content_length) == 1) return append_length(*received, out);
  if (head.status != 304 && body.kind == body_size::kind::known) append_length(body.bytes, out);
}

/// RS-1, RS-2, RS-4, RS-5. Returns true when chunks follow.
bool append_response_framing(const http::response_head& head, std::string_view request_method, http::version downstream,
                             body_size body, std::string& out) {
  const bool interim = head.status < 200;
  const bool tunnel = request_method == "CONNECT" && head.status >= 200 && head.status < 300;
  if (interim || head.status == 204 || tunnel) return false;
  if (http::response_has_no_content(request_method, head.status)) {
    append_length_without_content(head, body, out);
    return false;
  }
  switch (body.kind) {
    case body_size::kind::none:
    case body_size::kind::known:
      append_length(body.bytes, out);
      return false;
    case body_size::kind::unknown:
    case body_size::kind::until_close:
      break;
  }
  if (downstream == http::version::http_1_0) return false;
  append_chunked(out);
  return true;
}

}  // namespace

void encode_request_head(const http::request_head& head, std::string_view target, body_size body, persistence persist,
                         std::string& out) {
  out.append(head.method).append(1, ' ');
  if (target.starts_with('?')) out.append(1, '/');  // an absolute-form without a path (RFC 9112 §3.2.1)
  out.append(target).append(" HTTP/1.1\r\n");       // our own version, never the received one (H1-2)
  append_fields(head.fields, out);
  switch (body.kind) {
    case body_size::kind::none:
      break;  // FR-14
    case body_size::kind::known:
      append_length(body.bytes, out);
      break;
    case body_size::kind::unknown:
    case body_size::kind::until_close:
      append_chunked(out);
      break;
  }
  if (persist == persistence::close) append_line("Connection", "close", out);
  out.append(crlf);
}

bool encode_response_head(const http::response_head& head, std::string_view request_method, http::version downstream,
                          body_size body, persistence persist, std::string_view date, std::string& out) {
  out.append("HTTP/1.1 ");
  append_number<10>(static_cast<std::uint64_t>(head.status), out);
  out.append(1, ' ').append(head.reason).append(crlf);
  append_fields(head.fields, out);
  const bool interim = head.status < 200;
  // RFC 9110 §6.6.1; not for 1xx, which a final response follows.
  if (!interim && head.fields.find(field_id::date) == nullptr) append_line("Date", date, out);
  const bool chunked = append_response_framing(head, request_method, downstream, body, out);
  if (persist == persistence::close && !interim) append_line("Connection", "close", out);
  out.append(crlf);
  return chunked;
}

void encode_chunk_head(std::uint64_t size, std::string& out) {
  append_number<16>(size, out);
  out.append(crlf);
}

void encode_last_chunk(const http::fields* trailers, std::string& out) {
  out.append("0\r\n");
  if (trailers != nullptr) {
    for (const http::field& line : *trailers) append_line(line.name, line.value, out);
  }
  out.append(crlf);
}

}  // namespace sidespan::http1

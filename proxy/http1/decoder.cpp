// SPDX-License-Identifier: Apache-2.0
#include "http1/decoder.hpp"

#include <algorithm>

#include "http1/beast_reading.hpp"
#include "http1/framing.hpp"
#include "http1/strict.hpp"
#include "http1/syntax.hpp"

namespace sidespan::http1 {

namespace {

using base::side;

/// RFC 9112 §2.2 asks to ignore at least one empty line before a request line; more than a few are no mistake of a
/// client.
std::size_t leading_empty_lines(std::string_view bytes) noexcept {
  constexpr std::size_t most = 4;
  std::size_t begin = 0;
  while (begin < most * 2 && bytes.substr(begin, 2) == "\r\n") begin += 2;
  return begin;
}

/// The part of `bytes` that may be a head: starts behind empty lines, ends at the limit.
struct window {
  std::string_view bytes;
  std::size_t begin = 0;
  bool cut = false;  // more has arrived than a head may have

  window(std::string_view all, std::size_t begin, std::size_t head_bytes) noexcept
      : bytes(all.substr(0, begin + head_bytes)), begin(begin), cut(all.size() - begin >= head_bytes) {}

  std::size_t start_line_end() const noexcept { return bytes.find("\r\n", begin); }
};

/// Position behind the empty line, 0 when it has not come. Every line feed on the way must follow a carriage return, so
/// that no other reader can see another end (H1-23).
base::result<std::size_t> find_end(const window& in, std::size_t& scanned, side from) {
  std::size_t position = std::max(scanned, in.begin);
  while (true) {
    position = in.bytes.find('\n', position);
    if (position == std::string_view::npos) break;
    if (position == in.begin || in.bytes[position - 1] != '\r') return head_fault(from, broken("bare line feed"));
    if (position >= in.begin + 2 && in.bytes[position - 2] == '\n') return position + 1;
    ++position;
  }
  scanned = in.bytes.size();
  return 0;
}

violation read_start_line(std::string_view line, http::request_head& out) noexcept {
  return read_request_line(line, out);
}
violation read_start_line(std::string_view line, http::response_head& out) noexcept {
  return read_status_line(line, out);
}

/// A start line that can no longer become valid is refused before its end has come: a caller that speaks TLS would wait
/// for ever (FR-19). Looks only at bytes that were not seen before.
violation check_partial_line(const window& in, std::size_t seen, const http::request_head&) noexcept {
  // The last byte seen may have been a carriage return, which is only now known to stand alone.
  std::string_view fresh = in.bytes.substr(std::max(seen, in.begin + 1) - 1);
  if (fresh.ends_with('\r')) fresh.remove_suffix(1);
  const bool plain = std::ranges::all_of(fresh, [](char c) { return is_visible(c) || c == ' '; });
  return plain ? violation{} : broken("invalid byte in the request line");
}

violation check_partial_line(const window& in, std::size_t, const http::response_head&) noexcept {
  constexpr std::string_view name = "HTTP/";
  return name.starts_with(in.bytes.substr(0, name.size())) ? violation{} : broken("not an HTTP response");
}

base::fault too_large(const window& in, side from) noexcept {
  if (from == side::downstream && in.start_line_end() == std::string_view::npos) {
    return base::fault(base::fault_code::request_uri_too_long, from, base::stage::parse, "request line over the limit");
  }
  return head_fault(from, {violation::kind::too_large, "head over the limit"});
}

/// Position behind the head, 0 when more is needed; the start line is read on the way. It comes first and at once, so
/// that the outcome does not depend on how the bytes were cut, and HTTP/0.9 and HTTP/2 need not be waited for (FR-19).
template <class Head>
base::result<std::size_t> find_head(const window& in, std::size_t& scanned, side from, Head& out) {
  out.clear();
  const std::size_t line_end = in.start_line_end();
  const bool whole_line = line_end != std::string_view::npos;
  const bool fresh = !whole_line || line_end + 2 > scanned;
  const auto read_line = [&] { return read_start_line(in.bytes.substr(in.begin, line_end - in.begin), out); };
  if (fresh) {
    const violation found = whole_line ? read_line() : check_partial_line(in, scanned, out);
    if (found) return head_fault(from, found);
  }
  const auto end = find_end(in, scanned, from);
  if (!end) return end;
  if (*end == 0 && in.cut) return too_large(in, from);
  if (*end != 0 && !fresh) (void)read_line();  // was valid before, but the buffer may have moved since
  return end;
}

/// Both readings of the fields of a complete head; the start line has been read.
template <class Head>
base::result<declared_framing> read_head(std::string_view head, const head_limits& limits, side from, Head& out) {
  const std::string_view section = head.substr(head.find("\r\n") + 2);
  const violation found = read_field_lines(section, limits.field_count, out.fields);
  if (found) return head_fault(from, found);
  const auto framing = read_framing(out.fields, out.version, from);
  if (framing && !beast_agrees(head, out, *framing)) {
    return head_fault(from, broken("two readings of the head disagree"));
  }
  return framing;
}

}  // namespace

base::result<decoded_head> decode_request_head(std::string_view bytes, std::size_t& scanned, const head_limits& limits,
                                               http::request_head& out) {
  constexpr side from = side::downstream;
  const window in(bytes, leading_empty_lines(bytes), limits.head_bytes);
  const auto end = find_head(in, scanned, from, out);
  if (!end) return end.error();
  if (*end == 0) return decoded_head{};
  const auto framing = read_head(bytes.substr(in.begin, *end - in.begin), limits, from, out);
  if (!framing) return framing.error();
  if (out.target.size() > limits.target_bytes) {
    return base::fault(base::fault_code::request_uri_too_long, from, base::stage::parse, "target over the limit");
  }
  if (const violation found = check_host(out)) return head_fault(from, found);
  decoded_head decoded;
  decoded.consumed = *end;
  decoded.body = request_body(*framing);
  decoded.chunked = framing->chunked;
  decoded.keep_alive = out.version == http::version::http_1_1 && !framing->close;  // CN-6: 1.0 is always closed
  return decoded;
}

base::result<decoded_head> decode_response_head(std::string_view bytes, std::size_t& scanned, const head_limits& limits,
                                                std::string_view request_method, http::response_head& out) {
  constexpr side from = side::upstream;
  const window in(bytes, 0, limits.head_bytes);
  const auto end = find_head(in, scanned, from, out);
  if (!end) return end.error();
  if (*end == 0) return decoded_head{};
  const auto framing = read_head(bytes.substr(0, *end), limits, from, out);
  if (!framing) return framing.error();
  decoded_head decoded;
  decoded.consumed = *end;
  decoded.body = response_body(*framing, request_method, out.status);
  decoded.chunked = decoded.body.kind == http::body_size::kind::unknown;
  // RS-1: a 204 that announces content may be followed by it, and then nobody knows where the next response begins.
  const bool doubtful = out.status == 204 && (framing->chunked || framing->content_length.value_or(0) > 0);
  const bool ends = decoded.body.kind != http::body_size::kind::until_close;
  decoded.keep_alive = out.version == http::version::http_1_1 && !framing->close && ends && !doubtful;
  return decoded;
}

}  // namespace sidespan::http1

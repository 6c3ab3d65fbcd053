// SPDX-License-Identifier: Apache-2.0
#include "http1/decoder.hpp"

#include <algorithm>
#include <type_traits>

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

/// RFC 9112 §5.1: refused in a request, removed from a response (H1-20).
constexpr blank_before_colon blank_rule(const http::request_head&) noexcept { return blank_before_colon::refused; }
constexpr blank_before_colon blank_rule(const http::response_head&) noexcept { return blank_before_colon::dropped; }

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

/// Most heads arrive whole: one pass reads them and finds their end. Returns the position behind a plainly good head,
/// else 0, and then find_head() and read_fields() say what is missing or wrong, in an order that does not depend on how
/// the bytes were cut.
template <class Head>
std::size_t read_at_once(const window& in, const head_limits& limits, Head& out) {
  out.clear();
  const std::size_t line_end = in.start_line_end();
  if (line_end == std::string_view::npos) return 0;
  if (read_start_line(in.bytes.substr(in.begin, line_end - in.begin), out)) return 0;
  std::string_view rest = in.bytes.substr(line_end + 2);
  if (read_field_lines(rest, limits.field_count, blank_rule(out), out.fields)) return 0;
  return in.bytes.size() - rest.size();
}

/// The fields of a complete head whose start line has been read.
template <class Head>
violation read_fields(std::string_view head, const head_limits& limits, Head& out) {
  std::string_view section = head.substr(head.find("\r\n") + 2);
  out.fields.clear();
  const violation found = read_field_lines(section, limits.field_count, blank_rule(out), out.fields);
  return found || section.empty() ? found : broken("text behind the head");
}

/// Position behind the head, 0 when more is needed; `out` holds the head then.
template <class Head>
base::result<std::size_t> take_head(const window& in, std::size_t& scanned, const head_limits& limits, side from,
                                    Head& out) {
  if (scanned == 0) {
    if (const std::size_t end = read_at_once(in, limits, out); end != 0) return end;
  }
  const auto end = find_head(in, scanned, from, out);
  if (!end || *end == 0) return end;
  const violation found = read_fields(in.bytes.substr(in.begin, *end - in.begin), limits, out);
  if (found) return head_fault(from, found);
  return end;
}

/// Requests that announce content are what smuggling is made of: Beast reads them as well (decision 4, ADR 8). Every
/// other head is read twice where speed does not matter: sanitizer builds, seeded faults, fuzzing.
#ifdef SIDESPAN_EVERY_HEAD_TWICE
constexpr bool every_head_twice = true;
#else
constexpr bool every_head_twice = false;
#endif

/// It does not know that a response may have a blank before a colon, nor none behind its status code (RS-13).
bool known_to_beast(const http::response_head& head) noexcept {
  const auto plain = [](const http::field& line) { return line.name.data()[line.name.size()] == ':'; };
  return head.reason.data()[-1] == ' ' && std::ranges::all_of(head.fields, plain);
}
bool known_to_beast(const http::request_head&) noexcept { return true; }

template <class Head>
bool wants_second_reading(const declared_framing& framing, const Head& head) noexcept {
  const bool request = std::is_same_v<Head, http::request_head>;
  if (every_head_twice) return known_to_beast(head);
  return request && (framing.chunked || framing.content_length);
}

template <class Head>
base::result<declared_framing> decide_framing(std::string_view head, side from, const Head& out) {
  const auto framing = read_framing(out.fields, out.version, from);
  if (!framing || !wants_second_reading(*framing, out) || beast_agrees(head, out, *framing)) return framing;
  return head_fault(from, broken("two readings of the head disagree"));
}

}  // namespace

base::result<decoded_head> decode_request_head(std::string_view bytes, std::size_t& scanned, const head_limits& limits,
                                               http::request_head& out) {
  constexpr side from = side::downstream;
  const window in(bytes, leading_empty_lines(bytes), limits.head_bytes);
  const auto end = take_head(in, scanned, limits, from, out);
  if (!end) return end.error();
  if (*end == 0) return decoded_head{};
  const auto framing = decide_framing(bytes.substr(in.begin, *end - in.begin), from, out);
  if (!framing) return framing.error();
  if (out.target.size() > limits.target_bytes) {
    return base::fault(base::fault_code::request_uri_too_long, from, base::stage::parse, "target over the limit");
  }
  if (const violation found = read_host(out)) return head_fault(from, found);
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
  const auto end = take_head(in, scanned, limits, from, out);
  if (!end) return end.error();
  if (*end == 0) return decoded_head{};
  const auto framing = decide_framing(bytes.substr(0, *end), from, out);
  if (!framing) return framing.error();
  decoded_head decoded;
  decoded.consumed = *end;
  decoded.body = response_body(*framing, request_method, out.status);
  decoded.chunked = decoded.body.kind == http::body_size::kind::unknown;
  // RS-1: a 204 or 205 that announces content may be followed by it, and then nobody knows where the next response
  // begins. A 205 must say that there is none.
  const bool announced = framing->chunked || framing->content_length.value_or(out.status == 205 ? 1 : 0) > 0;
  const bool doubtful = (out.status == 204 || out.status == 205) && announced;
  const bool ends = decoded.body.kind != http::body_size::kind::until_close;
  decoded.keep_alive = out.version == http::version::http_1_1 && !framing->close && ends && !doubtful;
  return decoded;
}

}  // namespace sidespan::http1

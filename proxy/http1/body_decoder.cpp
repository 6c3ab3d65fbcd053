// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.hpp"
#include "http/hop_by_hop.hpp"
#include "http1/decoder.hpp"
#include "http1/strict.hpp"
#include "http1/syntax.hpp"

namespace sidespan::http1 {

namespace {

using http::body_size;

int hex_value(char c) noexcept {
  if (base::is_digit(c)) return c - '0';
  const char folded = base::lower(c);
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

/// The head's fields are gone, or changed, by the time the trailers come.
void note_nominated(const http::fields& fields, std::string& out) {
  for (const http::field& line : fields) {
    if (line.id == http::field_id::connection) out.append(line.value).append(1, ',');
  }
}

}  // namespace

void body_decoder::start(const decoded_head& head, base::side from, const limits& limits, const http::fields* fields) {
  from_ = from;
  limits_ = limits;
  remaining_ = head.body.bytes;
  size_digits_ = 0;
  extension_bytes_ = 0;
  trailer_text_.clear();
  trailers_.clear();
  nominated_.clear();
  if (!head.body.present()) {
    state_ = state::done;
  } else if (head.chunked) {
    state_ = state::chunk_size;
    remaining_ = 0;
    if (fields != nullptr) note_nominated(*fields, nominated_);
  } else {
    state_ = head.body.kind == body_size::kind::known ? state::fixed : state::until_close;
  }
}

base::result<body_decoder::piece> body_decoder::decode(std::string_view bytes) {
  switch (state_) {
    case state::done:
      return piece{{}, 0, true};
    case state::failed:
      return fail("decoding goes on after a fault");
    case state::fixed:
      return take_fixed(bytes);
    case state::until_close:
      return piece{bytes, bytes.size(), false};
    default:
      return decode_chunked(bytes);
  }
}

base::result<void> body_decoder::finish_at_close() const {
  if (state_ == state::done || state_ == state::until_close) return {};
  const bool upstream = from_ == base::side::upstream;
  // FR-17, RS-6; a caller that went away is no error (decision 12).
  return base::fault(upstream ? base::fault_code::http_response_incomplete : base::fault_code::downstream_closed, from_,
                     base::stage::read_body, "closed before the end of the content");
}

body_decoder::piece body_decoder::take_fixed(std::string_view bytes) noexcept {
  const std::string_view data = bytes.substr(0, std::min<std::uint64_t>(remaining_, bytes.size()));
  remaining_ -= data.size();
  if (remaining_ == 0) state_ = state::done;
  return {data, data.size(), done()};
}

base::result<body_decoder::piece> body_decoder::decode_chunked(std::string_view bytes) {
  piece out;
  const char* problem = nullptr;
  while (out.consumed < bytes.size() && state_ != state::done && problem == nullptr) {
    const std::string_view rest = bytes.substr(out.consumed);
    std::size_t taken = 1;
    if (state_ == state::chunk_data) {
      if (!out.data.empty()) break;
      out.data = rest.substr(0, std::min<std::uint64_t>(remaining_, rest.size()));
      taken = out.data.size();
      remaining_ -= taken;
      if (remaining_ == 0) state_ = state::chunk_data_cr;
    } else if (state_ == state::trailers) {
      problem = take_trailers(rest, taken);
    } else {
      problem = take_framing(rest.front());
    }
    out.consumed += taken;
  }
  if (problem != nullptr) return fail(problem);
  out.end = done();
  return out;
}

/// One byte between the data of two chunks. CRLF only, and exactly one (FR-11; RFC 9112 §7.1, rejected erratum 7633).
const char* body_decoder::take_framing(char c) noexcept {
  switch (state_) {
    case state::chunk_size:
      return take_chunk_size(c);
    case state::chunk_size_lf:
      if (c != '\n') return "chunk size line does not end in CRLF";
      state_ = remaining_ == 0 ? state::trailers : state::chunk_data;
      return nullptr;
    case state::chunk_data_cr:
      if (c != '\r') return "chunk data longer than its size";
      state_ = state::chunk_data_lf;
      return nullptr;
    case state::chunk_data_lf:
      if (c != '\n') return "chunk data does not end in CRLF";
      state_ = state::chunk_size;
      size_digits_ = 0;
      return nullptr;
    default:
      return take_extension(c);
  }
}

/// FR-10: 1 to 16 hexadecimal digits, nothing else; 16 digits cannot overflow.
const char* body_decoder::take_chunk_size(char c) noexcept {
  constexpr unsigned most_digits = 16;
  const int value = hex_value(c);
  if (value < 0) return size_digits_ == 0 ? "chunk without a size" : end_extension_part(c);
  if (size_digits_ == most_digits) return "chunk size with more than 16 digits";
  remaining_ = remaining_ << 4 | static_cast<unsigned>(value);
  ++size_digits_;
  return nullptr;
}

/// chunk-ext of RFC 9112 §7.1.1 without its "bad" white space (FR-12). Read to be ignored, never forwarded.
const char* body_decoder::take_extension(char c) noexcept {
  if (++extension_bytes_ > limits_.extension_bytes) return "chunk extensions over the limit";
  switch (state_) {
    case state::extension_name_start:
      if (!is_token_char(c)) return "chunk extension without a name";
      state_ = state::extension_name;
      return nullptr;
    case state::extension_name:
      if (c != '=') return is_token_char(c) ? nullptr : end_extension_part(c);
      state_ = state::extension_value_start;
      return nullptr;
    case state::extension_value_start:
      if (c != '"' && !is_token_char(c)) return "chunk extension without a value";
      state_ = c == '"' ? state::extension_quoted : state::extension_token;
      return nullptr;
    case state::extension_token:
      return is_token_char(c) ? nullptr : end_extension_part(c);
    case state::extension_quoted:
      if (!is_field_char(c)) return "control byte in a chunk extension";
      if (c == '"') state_ = state::extension_quoted_end;
      if (c == '\\') state_ = state::extension_escape;
      return nullptr;
    case state::extension_escape:
      if (!is_field_char(c)) return "control byte in a chunk extension";
      state_ = state::extension_quoted;
      return nullptr;
    default:
      return end_extension_part(c);
  }
}

/// What may follow a size, a name or a value: the next extension or the end of the line.
const char* body_decoder::end_extension_part(char c) noexcept {
  if (c != ';' && c != '\r') return "invalid byte in a chunk size line";
  state_ = c == ';' ? state::extension_name_start : state::chunk_size_lf;
  return nullptr;
}

/// Keeps the lines until the empty one, because they may arrive in any pieces; then reads them like a head's (FR-13).
const char* body_decoder::take_trailers(std::string_view bytes, std::size_t& taken) {
  constexpr std::string_view empty_line = "\r\n";
  const std::size_t line_feed = bytes.find('\n');
  taken = std::min(line_feed, bytes.size() - 1) + 1;
  if (trailer_text_.size() + taken > limits_.trailer_bytes + empty_line.size()) return "trailers over the limit";
  trailer_text_.append(bytes.substr(0, taken));
  if (line_feed == std::string_view::npos) return nullptr;
  if (!trailer_text_.ends_with(empty_line)) return "bare line feed in the trailers";
  if (trailer_text_ != empty_line && !trailer_text_.ends_with("\r\n\r\n")) return nullptr;
  std::string_view section = trailer_text_;
  constexpr std::size_t most = head_limits{}.field_count;
  if (const violation found = read_field_lines(section, most, blank_before_colon::refused, trailers_))
    return found.detail;
  trailers_.remove_if([this](const http::field& line) { return !may_forward(line); });
  state_ = state::done;
  return nullptr;
}

/// FR-13, H1-24.
bool body_decoder::may_forward(const http::field& trailer) const noexcept {
  std::string_view rest = nominated_;
  while (const auto name = base::next_list_element(rest)) {
    if (base::iequals(*name, trailer.name)) return false;
  }
  return !http::forbidden_in_trailers(trailer.name);
}

base::fault body_decoder::fail(const char* detail) noexcept {
  state_ = state::failed;
  const bool upstream = from_ == base::side::upstream;
  return base::fault(upstream ? base::fault_code::http_response_transfer_coding : base::fault_code::http_request_error,
                     from_, base::stage::read_body, detail);
}

}  // namespace sidespan::http1

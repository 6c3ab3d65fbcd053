// SPDX-License-Identifier: Apache-2.0
#include "http1/framing.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "http/target.hpp"
#include "http1/syntax.hpp"

namespace sidespan::http1 {

namespace {

using base::fault;
using base::fault_code;
using base::side;
using base::stage;
using http::body_size;
using http::field_id;

fault coding_fault(side from, fault_code request_code, const char* detail) noexcept {
  if (from == side::upstream) return fault(fault_code::http_response_transfer_coding, from, stage::read_head, detail);
  return fault(request_code, from, stage::parse, detail);
}

/// The few that read_framing() looks at.
constexpr http::field_ids framing_ids{field_id::content_length, field_id::transfer_encoding, field_id::connection,
                                      field_id::proxy_connection};

/// Connection = #token (RFC 9110 §7.6.1). False: something else is listed.
bool read_options(std::string_view connection, bool& close) noexcept {
  if (connection == "keep-alive") return true;
  while (const auto option = base::next_list_element(connection)) {
    if (!is_token(*option)) return false;
    close = close || base::iequals(*option, "close");
  }
  return true;
}

struct coding_list {
  std::size_t others = 0;
  bool malformed = false;  // an empty element, a parameter on chunked, chunked before the end
  bool ends_in_chunked = false;
};

void read_codings(std::string_view value, coding_list& out) noexcept {
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t comma = std::min(value.find(',', begin), value.size());
    const std::string_view element = base::trim_ows(value.substr(begin, comma - begin));
    const std::string_view coding = base::trim_ows(element.substr(0, element.find(';')));
    const bool chunked = base::iequals(element, "chunked");
    if (!is_token(coding) || out.ends_in_chunked || (!chunked && base::iequals(coding, "chunked")))
      out.malformed = true;
    out.ends_in_chunked = chunked;
    if (!chunked) ++out.others;
    begin = comma + 1;
  }
}

/// Only `chunked`, once, is understood. A known-good list with other codings before it is not implemented (FR-3, RFC
/// 9112 §6.1); everything else does not tell where the message ends (FR-2, FR-4, FR-5).
base::result<void> check_codings(const http::fields& fields, side from) {
  coding_list codings;
  for (const http::field& line : fields) {
    if (line.id == field_id::transfer_encoding) read_codings(line.value, codings);
  }
  if (codings.malformed) return coding_fault(from, fault_code::http_request_error, "malformed Transfer-Encoding");
  if (!codings.ends_in_chunked)
    return coding_fault(from, fault_code::http_request_error, "chunked is not the last transfer coding");
  if (codings.others > 0)
    return coding_fault(from, fault_code::not_implemented, "transfer coding that is not implemented");
  return {};
}

}  // namespace

fault head_fault(side from, const violation& found) noexcept {
  const bool upstream = from == side::upstream;
  const auto code = [&] {
    switch (found.kind) {
      case violation::kind::too_large:
        return upstream ? fault_code::http_response_header_section_size : fault_code::request_header_section_size;
      case violation::kind::method:
        return fault_code::not_implemented;
      case violation::kind::version:
        return upstream ? fault_code::http_protocol_error : fault_code::version_not_supported;
      default:
        return upstream ? fault_code::http_protocol_error : fault_code::http_request_error;
    }
  }();
  return fault(code, from, upstream ? stage::read_head : stage::parse, found.detail);
}

base::result<declared_framing> read_framing(const http::fields& fields, http::version version, side from) {
  declared_framing out;
  if (!fields.may_have(framing_ids)) return out;
  std::size_t lengths = 0;
  std::size_t codings = 0;
  std::string_view length;
  const auto refuse = [from](const char* detail) { return head_fault(from, broken(detail)); };
  bool unused = false;
  for (const http::field& line : fields) {
    if (!framing_ids.contains(line.id)) continue;
    if (line.id == field_id::content_length) {
      ++lengths;
      length = line.value;
    }
    if (line.id == field_id::transfer_encoding) ++codings;
    if (line.id == field_id::connection && !read_options(line.value, out.close)) return refuse("malformed Connection");
    // Says nothing to us (RFC 9112 §C.2.2), but others read it as Connection, and Beast refuses what is none.
    if (line.id == field_id::proxy_connection && !read_options(line.value, unused))
      return refuse("malformed Proxy-Connection");
  }
  if (lengths > 0 && codings > 0) return refuse("both Content-Length and Transfer-Encoding");             // FR-1
  if (codings > 0 && version == http::version::http_1_0) return refuse("Transfer-Encoding in HTTP/1.0");  // FR-6
  if (lengths > 1) return refuse("more than one Content-Length");                                         // FR-7, FR-8
  if (lengths == 1) out.content_length = base::parse_decimal(length);
  if (lengths == 1 && (!out.content_length || *out.content_length > INT64_MAX))
    return refuse("invalid Content-Length");  // FR-9
  if (codings > 0) {
    if (const auto checked = check_codings(fields, from); !checked) return checked.error();
    out.chunked = true;
  }
  return out;
}

violation read_host(http::request_head& head) {
  const std::size_t lines = head.fields.count(field_id::host);
  if (lines > 1) return broken("more than one Host");
  if (lines == 0) return head.version == http::version::http_1_0 ? violation{} : broken("no Host");
  const std::string_view host = head.fields.value(field_id::host);
  if (host.empty()) return head.target.starts_with('/') ? broken("empty Host") : violation{};
  const auto parts = http::parse_authority(host);
  if (!parts) return broken("invalid Host");
  head.host = *parts;
  return {};
}

body_size request_body(const declared_framing& declared) noexcept {
  if (declared.chunked) return {body_size::kind::unknown, 0};
  if (declared.content_length) return {body_size::kind::known, *declared.content_length};
  return {};  // FR-14
}

body_size response_body(const declared_framing& declared, std::string_view request_method, int status) noexcept {
  if (http::response_has_no_content(request_method, status)) return {};         // RFC 9112 §6.3 item 1
  if (status == 205) return {body_size::kind::known, 0};                        // RFC 9110 §15.3.6, RS-2
  if (request_method == "CONNECT" && status >= 200 && status < 300) return {};  // item 2: a tunnel follows
  if (declared.chunked) return {body_size::kind::unknown, 0};
  if (declared.content_length) return {body_size::kind::known, *declared.content_length};
  return {body_size::kind::until_close, 0};  // item 8
}

}  // namespace sidespan::http1

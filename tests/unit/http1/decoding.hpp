// SPDX-License-Identifier: Apache-2.0
//
// Runs a decoder over bytes in one piece and in every other way they may arrive, and writes what came out as text, so
// that outcomes can be compared and a failure can be read. Used by the tests of http1; one thread. Every piece is a
// heap block of exactly its size, so that the address sanitizer sees a read past its end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http1/decoder.hpp"

namespace sidespan::http1::testing {

inline std::string describe(const base::fault& fault) {
  return "fault " + std::to_string(static_cast<int>(fault.code())) + " " + std::string(base::name(fault.side())) + " " +
         std::string(base::name(fault.stage()));
}

inline std::string describe(const http::fields& fields) {
  std::string out;
  for (const http::field& line : fields) out.append(line.name).append(": ").append(line.value).append("\n");
  return out;
}

inline std::string describe(const decoded_head& head) {
  static constexpr const char* kinds[] = {"none", "known", "unknown", "until_close"};
  return "consumed " + std::to_string(head.consumed) + ", body " + kinds[static_cast<int>(head.body.kind)] + " " +
         std::to_string(head.body.bytes) + (head.keep_alive ? ", keep" : ", close") +
         (head.chunked ? ", chunked" : "") + "\n";
}

inline std::string describe(const http::request_head& head) {
  return std::string(head.method) + " " + std::string(head.target) + " " + std::string(http::name(head.version)) +
         "\n" + describe(head.fields);
}

inline std::string describe(const http::response_head& head) {
  return std::to_string(head.status) + " " + std::string(head.reason) + " " + std::string(http::name(head.version)) +
         "\n" + describe(head.fields);
}

/// A head decoder with everything but the bytes bound.
struct request_reader {
  using head_type = http::request_head;
  head_limits limits{};
  base::result<decoded_head> operator()(std::string_view bytes, std::size_t& scanned, head_type& out) const {
    return decode_request_head(bytes, scanned, limits, out);
  }
};

struct response_reader {
  using head_type = http::response_head;
  std::string_view method = "GET";
  head_limits limits{};
  base::result<decoded_head> operator()(std::string_view bytes, std::size_t& scanned, head_type& out) const {
    return decode_response_head(bytes, scanned, limits, method, out);
  }
};

/// Shows the decoder the first `ends[0]` bytes, then the first `ends[1]`, and so on until a head or a fault comes out.
template <class Reader>
std::string read_in_steps(const Reader& reader, std::string_view bytes, const std::vector<std::size_t>& ends) {
  std::size_t scanned = 0;
  typename Reader::head_type head;
  for (const std::size_t end : ends) {
    const std::vector<char> arrived(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(end));
    const auto decoded = reader({arrived.data(), arrived.size()}, scanned, head);
    if (!decoded) return describe(decoded.error());
    if (decoded->consumed != 0) return describe(*decoded) + describe(head);
  }
  return "more";
}

template <class Reader>
std::string read_whole(const Reader& reader, std::string_view bytes) {
  return read_in_steps(reader, bytes, {bytes.size()});
}

/// Every outcome that differs from the one in one piece, with the cut that made it; empty when none does. Heads
/// followed by other bytes are compared too: `consumed` must not depend on how much has arrived.
template <class Reader>
std::string differences_when_split(const Reader& reader, std::string_view bytes) {
  const std::string whole = read_whole(reader, bytes);
  std::string found;
  std::vector<std::size_t> every_byte;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    every_byte.push_back(cut);
    const std::string split = read_in_steps(reader, bytes, {cut, bytes.size()});
    if (split != whole) found += "cut at " + std::to_string(cut) + ": " + split + "\n";
  }
  const std::string trickled = read_in_steps(reader, bytes, every_byte);
  if (trickled != whole) found += "byte by byte: " + trickled + "\n";
  return found;
}

}  // namespace sidespan::http1::testing

// SPDX-License-Identifier: Apache-2.0
#include "trace/record.hpp"

#include <algorithm>
#include <string_view>

namespace sidespan::trace {
namespace {

using base::protobuf::bytes_size;
using base::protobuf::writer;

// Span.flags above the eight W3C bits (specs §4.3).
constexpr std::uint32_t has_is_remote = 0x100;
constexpr std::uint32_t is_remote = 0x200;

constexpr std::string_view unnamed = "HTTP";  // a name must not be empty; what SC-9 gives when nothing is known
/// trace id, span id, kind, start, end, flags
constexpr std::size_t always = bytes_size(1, 16) + bytes_size(2, 8) + 2 + 9 + 9 + 6;
constexpr std::size_t parent_size = bytes_size(4, 8);
constexpr std::size_t status_size = 4;

template <class Id>
std::string_view bytes_of(const Id& id) noexcept {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

}  // namespace

std::size_t record::message_size() const noexcept {
  return always + fields.bytes().size() + (parent.valid() ? parent_size : 0) +
         (fields.named() ? 0 : bytes_size(5, unnamed.size())) + (status == span_status::unset ? 0 : status_size);
}

/// Fields of a message may come in any order.
std::uint8_t* record::encode(std::uint8_t* to, std::size_t message) const noexcept {
  writer out(to);
  out.message(2, message);
  out.bytes(1, bytes_of(trace));
  out.bytes(2, bytes_of(span));
  if (parent.valid()) out.bytes(4, bytes_of(parent));
  if (!fields.named()) out.bytes(5, unnamed);
  out.integer(6, static_cast<std::uint64_t>(kind));
  out.fixed64(7, start.ns);
  out.fixed64(8, start.ns + static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0)));
  out.raw(fields.bytes());
  if (status != span_status::unset) {
    out.message(15, 2);
    out.integer(3, static_cast<std::uint64_t>(status));
  }
  out.fixed32(16, w3c_flags | has_is_remote | (parent_remote ? is_remote : 0));
  return out.at();
}

}  // namespace sidespan::trace

// SPDX-License-Identifier: Apache-2.0
//
// Header (or trailer) fields of one message: an ordered list of views. Case and order are kept as received. The text
// belongs to the receive buffer of the exchange or to its arena and must outlive this object's use. The fields that the
// data path asks for are recognised once, when added, so that later look-ups compare a byte. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace sidespan::http {

/// Names that sidespan itself interprets. `other` is everything else.
enum class field_id : std::uint8_t {
  other,
  baggage,
  connection,
  content_length,
  content_type,
  date,
  expect,
  forwarded,
  host,
  http2_settings,
  keep_alive,
  max_forwards,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  te,
  traceparent,
  tracestate,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  via,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_request_id,
};

/// Several of them in one word.
class field_ids {
 public:
  constexpr field_ids() = default;
  constexpr field_ids(std::initializer_list<field_id> ids) noexcept {
    for (const field_id id : ids) add(id);
  }
  constexpr void add(field_id id) noexcept { bits_ |= bit(id); }
  constexpr void remove(field_id id) noexcept { bits_ &= ~bit(id); }
  constexpr bool contains(field_id id) const noexcept { return (bits_ & bit(id)) != 0; }
  constexpr bool overlaps(field_ids others) const noexcept { return (bits_ & others.bits_) != 0; }

 private:
  static constexpr std::uint64_t bit(field_id id) noexcept { return std::uint64_t{1} << static_cast<unsigned>(id); }
  std::uint64_t bits_ = 0;
};

/// `name` is a token; case-insensitive; `other` when unknown.
field_id identify(std::string_view name) noexcept;

struct field {
  std::string_view name;
  std::string_view value;  // without surrounding white space
  field_id id = field_id::other;
  /// The receive buffer holds exactly `name`, ": ", `value` and CRLF in one piece, so the line can be sent from there.
  bool as_received = false;
};

class fields {
 public:
  using const_iterator = std::vector<field>::const_iterator;

  void clear() noexcept {
    list_.clear();
    seen_ = {};
  }
  /// Appends a line. Views are kept, not copied.
  void add(std::string_view name, std::string_view value) { add({name, value, identify(name)}); }
  void add(field_id id, std::string_view name, std::string_view value) { add({name, value, id}); }
  void add(const field& line) {
    list_.push_back(line);
    seen_.add(line.id);
  }

  std::size_t size() const noexcept { return list_.size(); }
  bool empty() const noexcept { return list_.empty(); }
  /// For how many there is memory.
  std::size_t room() const noexcept { return list_.capacity(); }
  const_iterator begin() const noexcept { return list_.begin(); }
  const_iterator end() const noexcept { return list_.end(); }

  /// False: no line has one of these ids. True: one has, or had before it was removed.
  bool may_have(field_ids some) const noexcept { return seen_.overlaps(some); }
  /// First line with this id, or nullptr. `id` must not be `other`.
  const field* find(field_id id) const noexcept;
  /// First line with this name, case-insensitive, or nullptr.
  const field* find(std::string_view name) const noexcept;
  /// Number of lines with this id.
  std::size_t count(field_id id) const noexcept;
  /// Value of the first line or an empty view.
  std::string_view value(field_id id) const noexcept {
    const field* found = find(id);
    return found != nullptr ? found->value : std::string_view{};
  }
  /// Replaces the value of the first line in place (case and position of the name are kept), removes further ones, or
  /// appends `name` when there is none.
  void set(field_id id, std::string_view name, std::string_view value);
  void remove(field_id id) noexcept;

  template <class Predicate>
  void remove_if(Predicate predicate) {
    std::erase_if(list_, predicate);
  }

 private:
  std::vector<field> list_;
  field_ids seen_;  // most look-ups are for what is not there
};

}  // namespace sidespan::http

// SPDX-License-Identifier: Apache-2.0
//
// The member list of the `tracestate` lines of one message (W3C Trace Context level 2), checked strictly: one bad
// member, or a 33rd, voids the whole list (TC-36, TC-37). Holds views into the lines until joined; used by propagate,
// one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sidespan::trace {

class tracestate {
 public:
  static constexpr std::size_t max_members = 32;
  /// Longest list that is passed on; the specification asks for 512 at least (TC-40).
  static constexpr std::size_t max_size = 8192;

  /// Adds the members of one field line; lines are to be added in order (TC-32). False: the list is void and stays so.
  bool add_line(std::string_view line) noexcept;

  /// One line without blanks; empty when there is no member or the list is void. Over `limit` whole members are left
  /// out: those over 128 bytes first, from the right, then others from the right (TC-41).
  std::string join(std::size_t limit = max_size) const;

 private:
  struct member {
    const char* text;
    std::uint16_t size;
    std::uint16_t key_size;
  };

  bool add_member(std::string_view text) noexcept;
  bool has_key(std::string_view key) const noexcept;

  std::array<member, max_members> members_;  // the first kept_ are set
  std::size_t kept_ = 0;
  std::size_t received_ = 0;  // duplicates count toward the limit, empty members do not
  bool void_ = false;
};

}  // namespace sidespan::trace

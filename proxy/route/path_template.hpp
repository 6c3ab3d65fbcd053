// SPDX-License-Identifier: Apache-2.0
//
// Path templates such as `/carts/{id}/items/{rest*}`: check, shape and match. Pure, any thread; used by table, and by
// config to say what is wrong with one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sidespan::route {

/// Empty when `text` is a valid path template, else what is wrong with it ("'{' without '}' at 7"; the first byte is
/// 0). A brace is a whole segment; its name is letters, digits, `_`, `-`, `.`; names are unique; `{name*}` is last.
std::string check_template(std::string_view text);

/// Does `path` fit `path_template`? Both raw; a brace takes one non-empty segment, `{rest*}` all that is left after its
/// slash, which may be nothing. `/a` and `/a/` are different paths.
bool fits(std::string_view path_template, std::string_view path) noexcept;

/// Every path that fits `narrow` fits `wide`; both valid templates.
bool template_includes(std::string_view wide, std::string_view narrow) noexcept;

/// What the order of rules depends on.
struct path_shape {
  std::size_t literals = 0;           // non-empty literal segments
  std::size_t braces = 0;             // `{name}` segments
  bool rest = false;                  // ends in `{name*}`
  std::size_t literal_beginning = 0;  // bytes before the first brace
};
/// Of a template or of a prefix.
path_shape shape_of(std::string_view path) noexcept;

}  // namespace sidespan::route

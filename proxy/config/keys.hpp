// SPDX-License-Identifier: Apache-2.0
//
// The one table of configuration keys. It drives the parser, the environment, `config defaults|print|schema` and
// docs/configuration.md: a key that is not here does not exist, and a key that is here is documented. Constant data.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sidespan::config {

struct draft;
struct setting;

enum class kind : std::uint8_t {
  section,   // a map of keys of the table
  listener,  // a section under a port or address:port
  rule,      // a section in a list
  text,
  toggle,  // on | off | true | false
  integer,
  ratio,  // 0..1
  duration,
  size,
  choice,    // one of `range`
  list,      // of texts, or of `range`
  networks,  // a list of addresses and networks
  endpoint,  // http://host:port of a collector
  upstream,  // host:port or http://host:port
  listen,    // port or address:port to bind
  host,      // host name without port
  prefix,    // path prefix
  match,     // METHOD /template
  field,     // name of a header field
  output,    // stdout, stderr or the name of a file
  metadata,  // value of a header field for the collector
  sampler,
  later,  // known, but not in this version
};

struct key {
  /// `trace.url_query`; `*` is any key of a map, `#` any element of a list.
  std::string_view path;
  enum kind kind;
  /// As in YAML; empty: none.
  std::string_view preset = "";
  /// `lowest..highest`; for choice and list `this|that`. Empty: anything.
  std::string_view range = "";
  /// Words accepted beside what the kind says: `off`, `auto`.
  std::string_view words = "";
  /// Words of later versions, refused with a message that says so.
  std::string_view later = "";
  /// Of a section: the key that a scalar or a list in its place stands for.
  std::string_view shorthand = "";
  /// OTEL_* variable; for OTEL_EXPORTER_OTLP_X the more specific OTEL_EXPORTER_OTLP_TRACES_X applies as well.
  std::string_view otel = "";
  std::string_view doc = "";
  /// Shown as [redacted].
  bool secret = false;
  /// A change of it, or of what is below it, takes effect at the next start only; anything else at SIGHUP.
  bool restart = false;
  /// Puts a checked value where it belongs. nullptr: a section that means nothing by itself.
  void (*assign)(draft&, const setting&) = nullptr;
};

std::span<const key> keys();

/// The row for a child of `parent` (nullptr: the top) called `name`: an exact one before a wildcard. nullptr: unknown.
const key* child(const key* parent, std::string_view name);
/// The last element of the row's path.
std::string_view last(const key& row);
/// All rows right below `parent`, wildcards included, those of later versions excepted; in the order of the table.
std::vector<const key*> rows_below(const key* parent);
/// `*` or `#`.
bool is_wildcard(const key& row);
/// A section of any kind: something with keys below it.
bool is_group(const key& row);
/// The row or one above it says so.
bool needs_restart(const key& row);
/// Names of all exact children, those of later versions excepted.
std::vector<std::string_view> children(const key* parent);
/// The row at a concrete path. nullptr: none.
const key* row_at(std::span<const std::string> path);
/// SIDESPAN_TRACE_URL_QUERY; empty for sections and for keys below a wildcard.
std::string variable_of(const key& row);

/// `a|b|c` → {a, b, c}
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace sidespan::config

// SPDX-License-Identifier: Apache-2.0
//
// The files of assets/, embedded into the program by embed.cmake. Used by viewer on its thread; bodies are compressed
// once, at start.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/pages.hpp"

namespace sidespan::viewer {

struct embedded_file {
  std::string_view name;  // "index.html", "app.js"
  std::string_view body;
  std::string_view digest;  // of the body, hex
};

/// Defined in the generated source.
std::span<const embedded_file> embedded_files();

class assets {
 public:
  assets();

  /// `/` and `/trace/…` are the page itself, `/assets/<name>` its parts; anything else is a 404. Answers 304 to a
  /// matching If-None-Match, and gzip where the browser takes it.
  wire::page_response respond(const wire::page_request& request) const;

 private:
  struct entry {
    embedded_file file;
    std::string compressed;  // empty when not worth it
  };
  std::vector<entry> entries_;
};

}  // namespace sidespan::viewer

// SPDX-License-Identifier: Apache-2.0
//
// Where a value came from, and what is wrong with it. Every step of reading a configuration adds to one report, so that
// all problems are told at once. Used by config and shown by cli; one thread.
#pragma once

#include <string>
#include <vector>

namespace sidespan::config {

/// Where a value was written. The order of the layers is the precedence.
struct origin {
  enum class layer { preset, file, otel, environment, flag };
  enum layer layer = layer::preset;
  /// File name, variable name or flag.
  std::string source;
  /// 1-based; 0: not in a file.
  int line = 0;
  int column = 0;
};

/// "default", "sidespan.yaml:3", "OTEL_SERVICE_NAME", "--in".
std::string describe(const origin& where);

struct problem {
  enum class severity { error, warning };
  enum severity severity = severity::error;
  origin where;
  std::string message;
};

/// `sidespan.yaml:3:5: message`, `--in: message`; warnings have `warning: ` before the message.
std::string format(const problem& what);

class report {
 public:
  void error(const origin& where, std::string message);
  void warning(const origin& where, std::string message);
  bool failed() const noexcept { return errors_ != 0; }
  /// File problems first, by line and column; then variables, then flags, each in the order found.
  std::vector<problem> sorted() const;

 private:
  std::vector<problem> problems_;
  std::size_t errors_ = 0;
};

}  // namespace sidespan::config

// SPDX-License-Identifier: Apache-2.0
//
// Settings of tracing: plain values, checked by config before they come here. Copied at start-up.
#pragma once

#include <string>
#include <vector>

namespace sidespan::trace {

struct sampler_settings {
  enum class root_kind { always_on, always_off, ratio };
  /// Follow the flag of a remote parent; off: decide every request by the root rule.
  bool parent_based = true;
  root_kind root = root_kind::always_on;
  /// 0..1, used by `ratio`.
  double ratio = 1.0;

  friend bool operator==(const sampler_settings&, const sampler_settings&) = default;
};

enum class query_policy { keep, drop, redact };

struct settings {
  sampler_settings sampler;
  /// Read and write W3C traceparent/tracestate; off: no context in or out ("none").
  bool tracecontext = true;
  /// Pass baggage on; off: strip it at this boundary.
  bool baggage = true;
  /// What happens to the query in url.full and url.query.
  query_policy url_query = query_policy::redact;
  /// Case-sensitive names of query values that become REDACTED (SC-30).
  std::vector<std::string> redacted_query_keys = {"X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token",
                                                  "AWSAccessKeyId",  "Signature",        "sig",
                                                  "X-Goog-Signature"};
  /// Path prefixes or exact paths whose requests are passed on untraced: `/healthz`, `/internal/*`, and user agents as
  /// `kube-probe/*`.
  std::vector<std::string> exclude;
  /// Methods with a name of their own; others become _OTHER (SC-13).
  std::vector<std::string> known_methods = {"CONNECT", "DELETE", "GET", "HEAD",  "OPTIONS",
                                            "PATCH",   "POST",   "PUT", "QUERY", "TRACE"};
};

}  // namespace sidespan::trace

// SPDX-License-Identifier: Apache-2.0
#include "metrics/registry.hpp"

namespace sidespan::metrics {
namespace {

/// Five methods, a few results each, a dozen limits: these labels are ours, a limit can only catch a mistake.
constexpr std::size_t link_series_limit = 64;
/// Two legs, three kinds, seven ends.
constexpr std::size_t tunnel_series_limit = 64;

/// Three digits without a trip through the formatting library.
struct status_text {
  char digits[3];
  bool present;
  explicit status_text(int status) noexcept
      : digits{digit(status / 100), digit(status / 10), digit(status)}, present(status > 0 && status < 1000) {}
  static char digit(int n) noexcept { return static_cast<char>('0' + n % 10); }
  std::string_view view() const noexcept { return {digits, present ? 3U : 0U}; }
};

}  // namespace

registry::registry(std::size_t series_limit)
    : server_requests_(series_limit),
      client_requests_(series_limit),
      links_(link_series_limit),
      upstream_events_(series_limit),
      tunnels_(tunnel_series_limit),
      tunnels_open_(tunnel_series_limit),
      tunnel_bytes_(tunnel_series_limit),
      limited_(link_series_limit) {}

void registry::server_request(const request_labels& labels, base::nanoseconds duration) {
  const status_text status(labels.status);
  server_requests_.at({labels.method, status.view(), labels.route, labels.error_type, {}}).record(duration);
}

void registry::client_request(const request_labels& labels, base::nanoseconds duration) {
  const status_text status(labels.status);
  client_requests_.at({labels.method, status.view(), labels.route, labels.error_type, labels.server_address})
      .record(duration);
}

}  // namespace sidespan::metrics

// SPDX-License-Identifier: Apache-2.0
//
// The read-only pages over TCP: /livez /readyz /healthz /metrics /build and an index. What they show is handed in as
// small views by app, which keeps this folder ignorant of the rest. Lives on the control thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "admin/settings.hpp"

namespace boost::asio {
class io_context;
}

namespace sidespan::admin {

struct views {
  /// Do the event loops turn?
  std::function<bool()> alive;
  /// Listeners are bound and no drain has begun. Never depends on the collector.
  std::function<bool()> ready;
  /// Prometheus text.
  std::function<std::string()> metrics;
  /// JSON object.
  std::function<std::string()> build;
};

class pages {
 public:
  /// Listens at once; throws std::runtime_error naming the address.
  pages(boost::asio::io_context& control, const settings& settings, views views);
  ~pages();
  pages(const pages&) = delete;
  pages& operator=(const pages&) = delete;

  std::uint16_t port() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sidespan::admin

// SPDX-License-Identifier: Apache-2.0
//
// What exchanges report, turned into metrics and access-log lines. One object per shard, on its thread; the registry
// behind it is read by the admin page.
#pragma once

#include <string>
#include <vector>

#include "forward/observer.hpp"
#include "metrics/registry.hpp"

namespace sidespan::app {

class observe final : public forward::observer {
 public:
  observe(std::vector<std::string> known_methods, bool access_log)
      : known_methods_(std::move(known_methods)), access_log_(access_log) {}

  void exchange_started(bool inbound) noexcept override;
  void exchange_finished(const forward::finished_exchange& what) noexcept override;
  void linked(std::string_view method, std::string_view result) noexcept override { registry_.link(method, result); }
  void connection_accepted(bool inbound) noexcept override;
  void connection_closed(bool inbound) noexcept override;

  const metrics::registry& registry() const noexcept { return registry_; }

 private:
  void write_access_log(const forward::finished_exchange& what) const;

  std::vector<std::string> known_methods_;
  bool access_log_;
  metrics::registry registry_;
};

}  // namespace sidespan::app

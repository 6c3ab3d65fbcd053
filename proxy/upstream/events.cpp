// SPDX-License-Identifier: Apache-2.0
#include "upstream/events.hpp"

namespace sidespan::upstream {

std::string_view name(event what) noexcept {
  switch (what) {
    case event::ejected:
      return "ejected";
    case event::panic:
      return "panic";
    case event::dns_changed:
      return "dns_changed";
    case event::dns_failed:
      return "dns_failed";
    case event::queued:
      return "queued";
    case event::refused:
      return "refused";
    case event::retried:
      return "retried";
    case event::not_retried:
      return "not_retried";
  }
  return "";
}

}  // namespace sidespan::upstream

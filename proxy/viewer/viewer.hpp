// SPDX-License-Identifier: Apache-2.0
//
// The embedded viewer: takes spans, stores them, shows them on a web page. Made by app (beside a proxy) or by the
// `viewer` sub-command. It runs its own thread, which alone touches the database and the page server; add() is the only
// door in and may be used from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "viewer/model.hpp"
#include "viewer/settings.hpp"

namespace sidespan::viewer {

class viewer {
 public:
  /// Opens the store and listens at once; throws std::runtime_error with a text for the operator. `clock` outlives the
  /// viewer.
  viewer(settings wanted, const base::clock& clock);
  /// Stores what is queued and closes (at most about two seconds).
  ~viewer();
  viewer(const viewer&) = delete;
  viewer& operator=(const viewer&) = delete;

  /// Queues spans for storing; never waits for the store. Returns how many were dropped, and counted as such, because
  /// the queue was full.
  std::size_t add(std::vector<span> spans);

  std::uint16_t port() const;
  /// "127.0.0.1:7180", "[::1]:7180": the page is at http://<authority>/.
  std::string authority() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sidespan::viewer

// SPDX-License-Identifier: Apache-2.0
//
// A simulated application behind the real ledger and ladder: requests come and go, calls leave, heartbeats tick, and
// the truth about every call is known. Fixed seeds, simulated time; beside the ladder, the rule "most recent inbound"
// answers the same questions, so that the figures can be seen to fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sidespan::correlate::simulation {

struct scenario {
  const char* name;
  double seconds = 120;
  double boot_s = 5;            // before the first request; heartbeats already tick
  int clients = 1;              // each sends its next request after the former's answer
  double think_s = 0.2;         // mean pause of a client, exponential; 0: back to back, 200 µs
  double request_s = 0.02;      // mean duration of a request
  double spread = 0.5;          // of durations: uniform within ± this share
  int calls = 1;                // calls a request makes
  double heartbeat_s = 0;       // period; 0: none
  double heartbeat_from_s = 0;  // when it starts
  bool shared = false;          // heartbeats and late work go to the endpoint that requests call, too
  double late_share = 0;        // of requests that make one more call after they have answered
  double late_s = 0.01;         // mean delay of it, exponential
};

struct figures {
  std::size_t calls = 0;                          // all outbound calls
  std::size_t caused = 0;                         // by a request in flight
  std::size_t right = 0, wrong = 0;               // parents asserted
  std::size_t right_alone = 0, caused_alone = 0;  // with exactly one in flight
  std::size_t roots_wrong = 0;                    // said to have no parent, but was caused
  std::size_t recent_wrong = 0;                   // what "most recent inbound" would have got wrong
  bool first_right = true;                        // the first caused call of every run

  figures& operator+=(const figures& other);
  double wrong_rate() const;         // of what was asserted
  double coverage() const;           // of caused calls, asserted and right
  double coverage_alone() const;     // the same among calls made while one was in flight
  double recent_wrong_rate() const;  // of all calls made with somebody in flight
  std::size_t accompanied = 0;       // calls made with somebody in flight
};

figures run(const scenario& scenario, std::uint64_t seed);
/// Seeds 1 to `runs`.
figures run_many(const scenario& scenario, std::uint64_t runs);

}  // namespace sidespan::correlate::simulation

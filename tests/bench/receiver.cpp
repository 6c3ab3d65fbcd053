// SPDX-License-Identifier: Apache-2.0
//
// A collector for benchmarks: receives OTLP/gRPC and counts spans and unique span ids, nothing else. Prints its port;
// then answers every line on stdin with a line `spans unique`, and ends with its stdin.
#include <cstdint>
#include <cstring>
#include <iostream>
#include <mutex>
#include <string>
#include <unordered_set>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "otlp/receiver.hpp"

namespace {

class tally {
 public:
  // Growing by itself the set would stop everything for up to a second: what is measured is a healthy collector.
  tally() { unique_.reserve(std::size_t{1} << 24); }

  void add(const sidespan::otlp::receiver::request& request) {
    const std::lock_guard lock(mutex_);
    for (const auto& resource : request.resource_spans()) {
      for (const auto& scope : resource.scope_spans()) {
        for (const auto& span : scope.spans()) count(span.span_id());
      }
    }
  }

  void print() {
    const std::lock_guard lock(mutex_);
    std::cout << spans_ << ' ' << unique_.size() << std::endl;
  }

 private:
  void count(const std::string& id) {
    ++spans_;
    std::uint64_t bits = 0;
    if (id.size() == sizeof bits) std::memcpy(&bits, id.data(), sizeof bits);
    unique_.insert(bits);
  }

  std::mutex mutex_;
  std::uint64_t spans_ = 0;
  std::unordered_set<std::uint64_t> unique_;
};

}  // namespace

int main() {
  tally counts;
  sidespan::otlp::receiver_settings settings;
  settings.listen = "127.0.0.1:0";
  const sidespan::otlp::receiver receiver(settings, [&counts](const auto& request) { counts.add(request); });
  std::cout << receiver.port() << std::endl;
  for (std::string line; std::getline(std::cin, line);) counts.print();
}

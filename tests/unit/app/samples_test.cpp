// SPDX-License-Identifier: Apache-2.0
#include "app/samples.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace sidespan::app::test {
namespace {

using metrics::sample;

const sample* find(const std::vector<sample>& all, const std::string& name) {
  const auto at = std::find_if(all.begin(), all.end(), [&name](const sample& each) { return each.name == name; });
  return at == all.end() ? nullptr : &*at;
}

}  // namespace

TEST_CASE("samples: the process has used time and memory and holds files") {
  std::vector<sample> all;
  add_process(all);
  for (const char* name : {"process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds",
                           "process_max_fds", "process_start_time_seconds"}) {
    CAPTURE(name);
    REQUIRE(find(all, name) != nullptr);
    CHECK(find(all, name)->value > 0);
  }
  CHECK(find(all, "process_open_fds")->value < find(all, "process_max_fds")->value);
  REQUIRE(find(all, "process_cpu_seconds_total") != nullptr);
}

TEST_CASE("samples: what the data path holds") {
  std::vector<sample> all;
  add_held({1, 2, 3, 4}, all);
  CHECK(find(all, "sidespan_buffer_bytes")->value == 1);
  CHECK(find(all, "sidespan_upstream_connections_idle")->value == 2);
  CHECK(find(all, "sidespan_ledger_entries")->value == 3);
  CHECK(find(all, "sidespan_ledger_endless")->value == 4);
}

TEST_CASE("samples: the books show every loss with its reason") {
  collect::books books;
  books.recorded = 10;
  books.acknowledged = 4;
  books.queued = 1;
  books.dropped["queue_full"] = 3;
  books.lost["timeout"] = 2;
  std::vector<sample> all;
  add_books(books, all);
  CHECK(find(all, "otel_sdk_span_started_total")->value == 10);
  CHECK(find(all, "otel_sdk_processor_span_processed_total")->value == 3);
  double exported = 0;
  for (const sample& each : all) exported += each.name == "otel_sdk_exporter_span_exported_total" ? each.value : 0;
  CHECK(exported == 6);
}

}  // namespace sidespan::app::test

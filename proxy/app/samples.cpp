// SPDX-License-Identifier: Apache-2.0
#include "app/samples.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <string>

#include "app/file_limit.hpp"
#include "base/version.hpp"

namespace sidespan::app {
namespace {

using metrics::sample;

sample counter(std::string name, std::string help, double value) {
  sample out;
  out.name = std::move(name);
  out.help = std::move(help);
  out.kind = sample::kind::counter;
  out.value = value;
  return out;
}

sample gauge(std::string name, std::string help, double value) {
  sample out = counter(std::move(name), std::move(help), value);
  out.kind = sample::kind::gauge;
  return out;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

const double started_at = static_cast<double>(std::time(nullptr));

}  // namespace

void add_books(const collect::books& books, std::vector<sample>& out) {
  out.push_back(counter("otel_sdk_span_started_total", "Spans recorded.", static_cast<double>(books.recorded)));
  for (const auto& [reason, count] : books.dropped) {
    out.push_back(counter("otel_sdk_processor_span_processed_total", "Spans dropped before export, by reason.",
                          static_cast<double>(count)));
    out.back().labels = {{"error_type", reason}};
  }
  out.push_back(gauge("otel_sdk_processor_span_queue_size", "Spans waiting for export, those in flight included.",
                      static_cast<double>(books.queued)));
  out.push_back(gauge("otel_sdk_exporter_span_inflight", "Spans sent and not yet acknowledged.",
                      static_cast<double>(books.in_flight)));
  out.push_back(counter("otel_sdk_exporter_span_exported_total",
                        "Spans acknowledged by the receiver; with error_type: lost, by reason.",
                        static_cast<double>(books.acknowledged)));
  for (const auto& [reason, count] : books.lost) {
    out.push_back(counter("otel_sdk_exporter_span_exported_total", "", static_cast<double>(count)));
    out.back().labels = {{"error_type", reason}};
  }
}

void add_access_log(const access_log_counts& counts, std::vector<sample>& out) {
  out.push_back(counter("sidespan_access_log_lines_total", "Lines of the access log that were written.",
                        static_cast<double>(counts.written)));
  const auto dropped = [&out](const char* reason, std::uint64_t count) {
    out.push_back(
        counter("sidespan_access_log_dropped_total", "Lines that were not, by reason.", static_cast<double>(count)));
    out.back().labels = {{"reason", reason}};
  };
  dropped("buffer_full", counts.dropped_full);
  dropped("write_failed", counts.dropped_failed);
  dropped("shutdown", counts.dropped_late);
}

void add_held(const held& now, std::vector<sample>& out) {
  const auto add = [&out](const char* name, const char* help, std::size_t value) {
    out.push_back(gauge(name, help, static_cast<double>(value)));
  };
  add("sidespan_buffer_bytes", "Bytes in the buffers of all connections.", now.buffer_bytes);
  add("sidespan_upstream_connections_idle", "Upstream connections kept for the next request.",
      now.idle_upstream_connections);
  add("sidespan_ledger_entries", "Inbound requests in flight that outbound ones may belong to.", now.ledger_entries);
  add("sidespan_ledger_endless", "Inbound tunnels and endless streams.", now.ledger_endless);
}

void add_process(std::vector<sample>& out) {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  out.push_back(counter("process_cpu_seconds_total", "CPU time used, user and system.",
                        seconds(used.ru_utime) + seconds(used.ru_stime)));
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  double resident = 0;
  statm >> pages >> resident;
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  out.push_back(gauge("process_resident_memory_bytes", "Resident memory.", resident * page));
  out.push_back(gauge("process_virtual_memory_bytes", "Virtual memory.", pages * page));
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  out.push_back(gauge("process_open_fds", "Open file descriptors.", static_cast<double>(count_open_files())));
  out.push_back(gauge("process_max_fds", "Limit of open file descriptors.", static_cast<double>(files.rlim_cur)));
  out.push_back(gauge("process_start_time_seconds", "Start of the process, seconds since 1970.", started_at));
}

void add_build(const settings& configured, std::vector<sample>& out) {
  out.push_back(gauge("sidespan_build_info", "Always 1; the labels tell the version and the configuration.", 1));
  out.back().labels = {{"version", base::version()}, {"config_hash", configured.config_hash}};
}

void add_reloads(const reload_counts& counts, std::vector<sample>& out) {
  const auto reloads = [&out](const char* result, std::uint64_t count) {
    out.push_back(counter("sidespan_config_reloads_total", "Configurations read again, by what came of it.",
                          static_cast<double>(count)));
    out.back().labels = {{"result", result}};
  };
  reloads("applied", counts.applied);
  reloads("refused", counts.refused);
  out.push_back(gauge("sidespan_config_last_reload_success", "1 when the configuration in force is the one last read.",
                      counts.last_applied ? 1 : 0));
}

}  // namespace sidespan::app

// SPDX-License-Identifier: Apache-2.0
#include "app/sidecar.hpp"

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/address.hpp"
#include "app/file_limit.hpp"
#include "app/null_exporter.hpp"
#include "app/return_memory.hpp"
#include "app/until.hpp"
#include "app/viewer_feed.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "net/spawn.hpp"
#include "otlp/grpc_exporter.hpp"

namespace sidespan::app {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

std::unique_ptr<collect::exporter> make_exporter(const settings& configured) {
  if (!configured.exporter) return std::make_unique<null_exporter>();
  return otlp::make_grpc_exporter(*configured.exporter, configured.resource);
}

/// The empty page shows what to type to see a first span here.
viewer::settings page_settings_of(const settings& configured) {
  viewer::settings out = configured.viewer->page;
  out.otlp_address = configured.viewer->otlp_listen;
  for (const forward::listener_settings& listener : configured.listeners) {
    if (listener.leg != forward::listener_settings::leg::inbound || listener.port == 0) continue;
    out.first_command = "curl -i http://localhost:" + std::to_string(listener.port) + "/";
    break;
  }
  return out;
}

const char* name(forward::leg::kind kind) {
  switch (kind) {
    case forward::leg::kind::inbound:
      return "inbound";
    case forward::leg::kind::outbound:
      return "outbound";
    case forward::leg::kind::forward_proxy:
      return "proxy";
  }
  return "inbound";
}

}  // namespace

sidecar::sidecar(const settings& configured, net::asio::io_context& control)
    : settings_(configured), control_(control), all_{clock_, nullptr, nullptr, {}, {}, {}, {}, {}} {
  if (settings_.correlate) {
    ledger_ = std::make_unique<correlate::ledger>(settings_.correlate->ledger_slots);
    ladder_ = std::make_unique<correlate::ladder>(*settings_.correlate, *ledger_);
    all_.ledger = ledger_.get();
    all_.ladder = ladder_.get();
    all_.request_id_fields = settings_.correlate->id_fields;
    if (settings_.correlate->header && !all_.request_id_fields.empty())
      all_.request_id_field = all_.request_id_fields.front();
  }
  if (settings_.viewer) {
    viewer_ = std::make_unique<viewer::viewer>(page_settings_of(settings_), clock_);
    otlp::receiver_settings where;
    where.listen = settings_.viewer->otlp_listen;
    receiver_ = std::make_unique<otlp::receiver>(
        where, [this](const otlp::receiver::request& request) { viewer_->add(viewer_spans(request)); });
  }
  worker_ = std::make_unique<collect::worker>(settings_.collect, make_exporter(settings_), settings_.workers);
  for (std::size_t i = 0; i < settings_.workers; ++i)
    shards_.push_back(std::make_unique<shard>(i, all_, worker_->intake(i)));
  if (!settings_.admin_listen.empty()) make_admin();
  prepared what = prepare(settings_);
  for (std::size_t i = 0; i < shards_.size(); ++i) shards_[i]->begin_with(std::move(what.changes[i]));
  take_over(settings_, what);
  all_.connections_by_files = connections_by_files(settings_.forward.connections);
  all_.shards = shards_.size();
}

sidecar::~sidecar() {
  for (auto& each : shards_) each->stop();
}

void sidecar::make_admin() {
  admin::views show;
  show.alive = [this] { return loops_turn(); };
  show.ready = [this] { return ready_; };
  show.metrics = [this] { return metrics_text(); };
  show.build = [this] { return build_text(); };
  const auto [address, port] = split_address(settings_.admin_listen);
  admin_ = std::make_unique<admin::pages>(control_, admin::settings{address, port}, std::move(show));
}

void sidecar::start() {
  worker_->start();
  for (auto& each : shards_) each->start();
  const auto look = [this] {
    released now;
    for (const auto& each : shards_) now.freed += each->freed_bytes();
    now.connections = all_.connections.load(std::memory_order_relaxed);
    return now;
  };
  net::spawn(control_.get_executor(), return_memory(control_, look), "memory");
  ready_ = true;
}

/// Each question leaves a mark that the loops are to pass; a loop that has not passed the mark of a question 5 s ago
/// hangs.
bool sidecar::loops_turn() {
  const auto now = steady_clock::now();
  const bool all_passed =
      std::all_of(shards_.begin(), shards_.end(), [this](const auto& each) { return each->alive_mark() == probe_; });
  if (!all_passed) return now - probed_at_ < std::chrono::seconds(5);
  ++probe_;
  probed_at_ = now;
  for (auto& each : shards_) each->probe(probe_);
  return true;
}

std::string sidecar::metrics_text() const {
  std::vector<const metrics::registry*> registries;
  for (const auto& each : shards_) registries.push_back(&each->registry());
  // First, and the books last: who sees on a page that requests are over finds their spans and lines on it as well.
  std::string text = metrics::exposition(registries, {});
  held now;
  for (const auto& each : shards_) {
    now.buffer_bytes += each->buffer_bytes();
    now.idle_upstream_connections += each->idle_upstream_connections();
  }
  if (ledger_) {
    now.ledger_entries = ledger_->count();
    now.ledger_endless = ledger_->endless();
  }
  std::vector<metrics::sample> samples;
  add_books(worker_->read_books(), samples);
  if (access_log_) add_access_log(access_log_->read(), samples);
  add_held(now, samples);
  add_process(samples);
  add_build(settings_, samples);
  add_reloads(reloads_, samples);
  text += metrics::exposition(samples);
  return text;
}

std::string sidecar::build_text() const {
  const nlohmann::json out = {{"version", base::version()},
                              {"service", settings_.service},
                              {"config", settings_.config_path},
                              {"config_hash", settings_.config_hash}};
  return out.dump() + "\n";
}

std::string sidecar::bound_ports() const {
  nlohmann::json out = {{"inbound", nlohmann::json::object()}, {"outbound", nlohmann::json::object()}};
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const forward::listener_settings& listener = in_force_->legs[i]->settings();
    if (in_force_->legs[i]->is_forward_proxy()) {
      out["proxy"] = ports_[i];
    } else {
      out[name(listener.leg)][listener.key] = ports_[i];
    }
  }
  if (admin_) out["admin"] = admin_->port();
  if (viewer_) out["viewer"] = viewer_->port();
  if (receiver_) out["otlp"] = receiver_->port();
  return out.dump();
}

void sidecar::log_listener(std::size_t number) const {
  const forward::listener_settings& listener = in_force_->legs[number]->settings();
  base::log(base::log_level::info, "listening",
            {{"leg", name(listener.leg)},
             {"protocol", listener.opaque ? "tcp" : "http"},
             {"on", listener.address + ":" + std::to_string(ports_[number])},
             {"to", listener.clusters.empty() ? "wherever the request says" : listener.clusters.front().authority}});
}

void sidecar::log_start() const {
  const auto info = [](std::string_view what, std::initializer_list<base::log_field> fields) {
    base::log(base::log_level::info, what, fields);
  };
  info("sidespan starts", {{"version", base::version()},
                           {"service", settings_.service},
                           {"config", settings_.config_path.empty() ? "none" : settings_.config_path},
                           {"config_hash", settings_.config_hash},
                           {"workers", std::to_string(settings_.workers)}});
  for (std::size_t i = 0; i < ports_.size(); ++i) log_listener(i);
  if (admin_)
    info("listening", {{"admin", "http://" + settings_.admin_listen + "/"}, {"port", std::to_string(admin_->port())}});
  if (viewer_) info("listening", {{"viewer", "http://" + viewer_->authority() + "/"}});
  info("exporting", {{"to", settings_.exporter ? settings_.exporter->endpoint : "nowhere"}});
}

/// The last spans get at least a second, also when the connections have used up the time, and at most five: whoever
/// presses Ctrl-C without a collector must not wait for the whole drain time. On a thread of its own, so that this one
/// goes on answering probes and the second signal.
net::task<void> sidecar::flush(time_point deadline) {
  const std::uint64_t queued = worker_->read_books().queued;
  if (queued != 0) base::log(base::log_level::info, "flushing", {{"spans", std::to_string(queued)}});
  const time_point now = steady_clock::now();
  deadline = std::clamp(deadline, now + std::chrono::seconds(1), now + std::chrono::seconds(5));
  std::atomic<bool> done{false};
  const std::jthread flushing([this, deadline, &done] {
    worker_->stop(deadline);
    done = true;
  });
  const auto flushed = [&done] { return done.load(); };
  co_await until(control_, flushed, time_point::max());
  // Nobody reads the metrics page any more.
  const collect::books books = worker_->read_books();
  const std::uint64_t missing = books.recorded - books.acknowledged;
  if (missing == 0) co_return;
  base::log(base::log_level::warn, "not every span reached the collector",
            {{"missing", std::to_string(missing)}, {"recorded", std::to_string(books.recorded)}});
}

net::task<bool> sidecar::drain() {
  ready_ = false;
  base::log(base::log_level::info, "draining", {{"in_flight", std::to_string(all_.inbound_in_flight.load())}});
  const auto never = [] { return false; };
  const auto closed = [this](bool inbound) {
    return std::all_of(shards_.begin(), shards_.end(), [=](const auto& each) { return each->closed(inbound); });
  };
  const auto inbound_idle = [&] { return closed(true) && all_.inbound_connections.load() == 0; };
  const auto all_idle = [&] { return closed(false) && all_.connections.load() == 0; };
  const time_point begin = steady_clock::now() + settings_.drain.delay;
  const time_point deadline = begin + settings_.drain.timeout;
  co_await until(control_, never, begin);
  for (auto& each : shards_) each->drain_inbound();
  // An app that is still answering needs its own calls to get through.
  co_await until(control_, inbound_idle, deadline);
  for (auto& each : shards_) each->drain_outbound();
  const bool clean = co_await until(control_, all_idle, deadline);
  if (!clean)
    base::log(base::log_level::warn, "drain time is over",
              {{"connections_cut", std::to_string(all_.connections.load())}});
  for (auto& each : shards_) each->cut();
  const time_point cut_deadline = steady_clock::now() + milliseconds(500);
  const bool ended = co_await until(control_, all_idle, cut_deadline);
  for (auto& each : shards_) each->stop();
  if (access_log_) access_log_->stop(steady_clock::now() + std::chrono::seconds(1));
  co_await flush(deadline);
  base::log(base::log_level::info, "stopped", {});
  co_return ended;
}

}  // namespace sidespan::app

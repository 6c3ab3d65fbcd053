// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "app/sidecar.hpp"
#include "app/until.hpp"
#include "base/log.hpp"
#include "net/operation.hpp"
#include "net/spawn.hpp"

// A configuration comes into force: at start, and again at SIGHUP. Everything that can fail comes before anything
// changes.

namespace sidespan::app {
namespace {

access_line_settings lines_of(const settings& wanted) {
  using base::log_format;
  access_line_settings out;
  const std::string to = wanted.log.access.value_or("");
  const int descriptor = to == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
  const bool terminal = (to == "stdout" || to == "stderr") && ::isatty(descriptor) == 1;
  const log_format format = wanted.log.access_format;
  out.json = format == log_format::json || (format == log_format::automatic && !terminal);
  out.url_query = wanted.trace.url_query;
  out.redacted_query_keys = wanted.trace.redacted_query_keys;
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace

/// Several shards share a port only after one has had it for itself: two sidespans must not share one by accident
/// (decision 5).
std::vector<net::parked_listener> sidecar::bind(const forward::listener_settings& listener) {
  const bool shared = shards_.size() > 1;
  std::uint16_t port = listener.port;
  if (shared) {
    const net::acceptor exclusive = net::bind_listener(control_, listener.address, port, false);
    port = exclusive.local_endpoint().port();
  }
  std::vector<net::parked_listener> out;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    out.emplace_back(net::bind_listener(control_, listener.address, port, shared));
    port = out.back().port();
  }
  return out;
}

/// What has not changed is the same object: its state goes on.
std::shared_ptr<const forward::leg> sidecar::make_leg(const settings& wanted,
                                                      const forward::listener_settings& listener,
                                                      const forward::leg* before) {
  return std::make_shared<const forward::leg>(listener, wanted.trace.sampler, random_, before);
}

/// Binds and opens; throws std::runtime_error naming what could not be had, and then nothing is changed.
sidecar::prepared sidecar::prepare(const settings& wanted) {
  prepared out;
  forward::snapshot next{wanted.forward, wanted.trace, trace::exclusion(wanted.trace.exclude), {}, {}};
  out.changes.resize(shards_.size());
  for (const forward::listener_settings& listener : wanted.listeners) {
    const auto has_place = [&listener](const auto& leg) { return same_place(leg->settings(), listener); };
    const std::size_t there =
        in_force_ ? static_cast<std::size_t>(std::find_if(in_force_->legs.begin(), in_force_->legs.end(), has_place) -
                                             in_force_->legs.begin())
                  : ports_.size();
    if (there < ports_.size()) {
      const auto& before = in_force_->legs[there];
      const bool same = before->settings() == listener && in_force_->trace.sampler == wanted.trace.sampler;
      next.legs.push_back(same ? before : make_leg(wanted, listener, before.get()));
      out.ports.push_back(ports_[there]);
      continue;
    }
    next.legs.push_back(make_leg(wanted, listener, nullptr));
    std::vector<net::parked_listener> sockets = bind(listener);
    out.ports.push_back(sockets.front().port());
    ++out.added;
    for (std::size_t i = 0; i < sockets.size(); ++i)
      out.changes[i].listeners.push_back({next.legs.back(), std::move(sockets[i])});
  }
  next.own_ports = out.ports;
  if (viewer_) next.own_ports.push_back(viewer_->port());
  if (receiver_) next.own_ports.push_back(receiver_->port());
  if (admin_) next.own_ports.push_back(admin_->port());
  if (wanted.log.access) {
    // The last step that can fail. An open log is opened anew even when its name is the same: it may have been rotated.
    if (access_log_) access_log_->open(*wanted.log.access);
    if (!access_log_) access_log_ = std::make_unique<access_log>(*wanted.log.access, shards_.size());
  }
  out.next = std::make_shared<const forward::snapshot>(std::move(next));
  for (shard_change& each : out.changes) {
    each.next = out.next;
    each.buffer_bytes = wanted.forward.memory / shards_.size();
    each.log = wanted.log.access ? access_log_.get() : nullptr;
    each.log_lines = lines_of(wanted);
  }
  return out;
}

std::optional<sidecar::prepared> sidecar::try_prepare(const settings& wanted) {
  if (const auto reasons = clashes(settings_, wanted); !reasons.empty()) {
    refuse_reload(joined(reasons));
    return std::nullopt;
  }
  try {
    return prepare(wanted);
  } catch (const std::exception& reason) {
    refuse_reload(reason.what());
    return std::nullopt;
  }
}

void sidecar::take_over(settings wanted, prepared& what) {
  settings_ = std::move(wanted);
  in_force_ = std::move(what.next);
  ports_ = std::move(what.ports);
}

void sidecar::refuse_reload(const std::string& reason) {
  ++reloads_.refused;
  reloads_.last_applied = false;
  base::log(base::log_level::error, "the configuration was not reloaded, the one before stays in force",
            {{"reason", reason}, {"config_hash", settings_.config_hash}});
}

net::task<void> sidecar::reload(reread again) {
  if (!ready_) co_return;  // a drain has begun
  for (const std::string& line : again.problems)
    base::log(again.configured ? base::log_level::warn : base::log_level::error, line);
  if (!again.configured) {
    refuse_reload("it has errors");
    co_return;
  }
  settings wanted = std::move(*again.configured);
  if (const auto keys = restart_needed(settings_, wanted); !keys.empty())
    base::log(base::log_level::warn, "these settings take effect at the next start only", {{"keys", joined(keys)}});
  keep_until_restart(settings_, wanted);
  std::optional<prepared> what = try_prepare(wanted);
  if (!what) co_return;
  std::atomic<std::size_t> done{0};
  for (std::size_t i = 0; i < shards_.size(); ++i) shards_[i]->reload(std::move(what->changes[i]), done);
  const auto everywhere = [this, &done] { return done.load(std::memory_order_acquire) == shards_.size(); };
  co_await until(control_, everywhere, time_point::max());
  const std::size_t kept = what->ports.size() - what->added;
  const std::size_t removed = ports_.size() - kept;
  base::set_log_level(wanted.log.level);
  take_over(std::move(wanted), *what);
  ++reloads_.applied;
  reloads_.last_applied = true;
  base::log(base::log_level::info, "configuration reloaded",
            {{"config_hash", settings_.config_hash},
             {"listeners_added", std::to_string(what->added)},
             {"listeners_removed", std::to_string(removed)}});
  for (std::size_t i = 0; what->added != 0 && i < ports_.size(); ++i) log_listener(i);
  if (removed != 0)
    net::spawn(control_.get_executor(), cut_closed_later(reloads_.applied, settings_.drain.timeout), "reload");
}

/// Exchanges on a listener that is gone have as long as they would have at shutdown.
net::task<void> sidecar::cut_closed_later(std::size_t reload, std::chrono::milliseconds after) {
  net::timer pause(control_.get_executor(), after);
  net::error_code ec;
  co_await pause.async_wait(net::into(ec));
  if (ec) co_return;
  for (auto& each : shards_) each->cut_closed(reload);
}

}  // namespace sidespan::app

// SPDX-License-Identifier: Apache-2.0
#include "collect/worker.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "base/random.hpp"
#include "base/thread.hpp"
#include "collect/delivery.hpp"
#include "collect/doorbell.hpp"
#include "collect/intake.hpp"

namespace sidespan::collect {

using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;
using time_point = steady::time_point;

struct worker::state {
  state(const settings& given, std::unique_ptr<exporter> to, std::size_t shards);

  void run();
  bool go_on();
  bool batch_ready(std::uint64_t have);
  void rest(std::uint64_t have);
  void rest_without_memory();
  void sleep_until(time_point until, std::uint64_t have, std::uint64_t more);
  parcel take_batch();
  void begin(std::optional<delivery>& in);
  void end(const ended_call& call);
  void count_lost(std::string_view reason, std::uint64_t spans) noexcept;
  void abandon();

  std::uint64_t waiting() const noexcept;
  std::uint64_t waiting_bytes() const noexcept;
  /// So many spans or bytes are sent at once: a queue is emptied long before it is full.
  std::uint64_t early() const noexcept {
    return std::max<std::uint64_t>(std::min({limits.early_spans, limits.batch_spans, limits.queue_spans / 4}), 1);
  }
  std::uint64_t early_bytes() const noexcept { return std::min(limits.batch_bytes, limits.queue_bytes / 4); }
  bool stopping() const noexcept { return stop_at() != time_point::max(); }
  bool out_of_time() const noexcept { return steady::now() >= stop_at(); }
  time_point stop_at() const noexcept {
    return time_point(steady::duration(stop_ticks.load(std::memory_order_acquire)));
  }
  std::optional<delivery>* room() noexcept;
  bool calling() const noexcept;

  const settings limits;
  const std::unique_ptr<exporter> out;
  doorbell bell;
  std::vector<std::unique_ptr<collect::intake>> intakes;
  std::atomic<steady::rep> stop_ticks{time_point::max().time_since_epoch().count()};
  std::thread thread;

  // The worker's thread alone.
  base::system_random random;
  std::optional<time_point> due;
  std::size_t first = 0;  // whose turn it is
  std::vector<std::optional<delivery>> deliveries;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable finished_changed;
  bool finished = false;  // nothing will be sent any more
  std::uint64_t in_flight = 0;
  std::uint64_t acknowledged = 0;
  std::map<std::string, std::uint64_t> lost;
  std::uint64_t lost_unnamed = 0;  // there was no memory for the reason
};

worker::state::state(const settings& given, std::unique_ptr<exporter> to, std::size_t shards)
    : limits(given), out(std::move(to)), deliveries(std::max<std::size_t>(given.calls, 1)) {
  const std::size_t count = std::max<std::size_t>(shards, 1);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t share = limits.queue_spans / count + (i < limits.queue_spans % count ? 1 : 0);
    intakes.push_back(std::make_unique<collect::intake>(share, limits.queue_bytes / count, bell));
  }
}

std::uint64_t worker::state::waiting() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& one : intakes) sum += one->spans().pushed() - one->spans().taken();
  return sum;
}

std::uint64_t worker::state::waiting_bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& one : intakes) sum += one->spans().pushed_bytes() - one->spans().taken_bytes();
  return sum;
}

std::optional<delivery>* worker::state::room() noexcept {
  const auto free = std::find(deliveries.begin(), deliveries.end(), std::nullopt);
  return free == deliveries.end() ? nullptr : &*free;
}

bool worker::state::calling() const noexcept {
  return std::any_of(deliveries.begin(), deliveries.end(), [](const auto& one) { return one && one->running(); });
}

/// With `have` spans waiting: sleeps until the time, or until about `more` have come, or until stop().
void worker::state::sleep_until(time_point until, std::uint64_t have, std::uint64_t more) {
  // When `more` have come in all, at least one of n shards has had the n-th part of them, rounded up.
  const std::uint64_t each = (more + intakes.size() - 1) / intakes.size();
  // Of what is missing to early_bytes(); spans that come meanwhile are seen by the second look.
  const std::uint64_t bytes = (early_bytes() - std::min(early_bytes(), waiting_bytes())) / intakes.size();
  for (auto& one : intakes) one->wake_after(each, bytes);
  if (waiting() == have && !stopping()) bell.wait(until);
  for (auto& one : intakes) one->let_sleep();
}

bool worker::state::batch_ready(std::uint64_t have) {
  if (have == 0) {
    due.reset();
    return false;
  }
  if (stopping() || have >= early() || waiting_bytes() >= early_bytes()) return true;
  if (!due) due = steady::now() + limits.delay;
  return steady::now() >= *due;
}

/// One step: a call begins, or one ends, or time passes. False at the end.
bool worker::state::go_on() {
  if (out_of_time()) return false;
  for (auto& one : deliveries) {
    if (one && !one->running() && steady::now() >= one->next_try()) begin(one);
  }
  const std::uint64_t have = waiting();
  const auto place = room();
  if (place != nullptr && batch_ready(have)) {
    parcel batch = take_batch();
    if (batch.spans == 0) {
      rest_without_memory();
      return true;
    }
    place->emplace(std::move(batch), limits, random, steady::now());
    begin(*place);
    return true;
  }
  const bool idle = std::count(deliveries.begin(), deliveries.end(), std::nullopt) == std::ssize(deliveries);
  if (stopping() && have == 0 && idle) return false;
  rest(have);
  return true;
}

/// Until something is to be done, or stop(), which rings the bell.
void worker::state::rest(std::uint64_t have) {
  time_point until = stop_at();
  for (const auto& one : deliveries) {
    if (one && !one->running()) until = std::min(until, one->next_try());
  }
  if (calling()) {
    // The bell is not heard here, so one looks again when another call would be right.
    if (room() != nullptr) until = std::min(until, steady::now() + limits.overlap_after);
    if (const auto call = out->wait(until)) end(*call);
    return;
  }
  if (room() == nullptr) {
    bell.wait(until);
    return;
  }
  if (due) until = std::min(until, *due);
  sleep_until(until, have, have == 0 ? 1 : early() - have);
}

/// The spans stay in the queue, which is bounded, until there is memory to send them.
void worker::state::rest_without_memory() {
  const time_point until = std::min(stop_at(), steady::now() + milliseconds(50));
  if (!calling()) {
    bell.wait(until);
  } else if (const auto call = out->wait(until)) {
    end(*call);
  }
}

parcel worker::state::take_batch() {
  parcel out;
  // What comes from now on may have come right after this.
  due = steady::now() + limits.delay;
  for (std::size_t i = 0; i < intakes.size(); ++i)
    intakes[(first + i) % intakes.size()]->spans().take(out, limits.batch_spans, limits.batch_bytes);
  first = (first + 1) % intakes.size();
  const std::lock_guard lock(mutex);
  in_flight += out.spans;
  return out;
}

void worker::state::begin(std::optional<delivery>& in) {
  const auto number = static_cast<std::size_t>(&in - deliveries.data());
  in->began(steady::now());
  try {
    out->start(number, in->spans(), std::min(in->give_up(), stop_at()));
  } catch (const std::bad_alloc&) {
    // The export must not end the process: traffic may get by with what memory there is.
    export_outcome later;
    later.kind = export_outcome::kind::retry;
    later.reason = "no_memory";
    end({number, later});
  }
}

void worker::state::end(const ended_call& call) {
  std::optional<delivery>& of = deliveries[call.number];
  const auto result = of->ended(call.outcome, steady::now());
  if (!result) return;
  // At shutdown the deadline has cut the last try short: what it held is counted as dropped then.
  const bool cut_short = call.outcome.kind == export_outcome::kind::retry && out_of_time();
  of.reset();
  if (cut_short) return;
  const std::lock_guard lock(mutex);
  acknowledged += result->acknowledged;
  if (result->lost > 0) count_lost(result->reason, result->lost);
  in_flight -= result->acknowledged + result->lost;
}

/// Under the lock.
void worker::state::count_lost(std::string_view reason, std::uint64_t spans) noexcept {
  try {
    lost[std::string(reason)] += spans;
  } catch (const std::bad_alloc&) {
    lost_unnamed += spans;
  }
}

/// What a call that ends now brings still counts.
void worker::state::abandon() {
  while (calling()) {
    out->cancel();
    if (const auto call = out->wait(steady::now() + milliseconds(20))) end(*call);
  }
}

void worker::state::run() {
  while (go_on()) {
  }
  abandon();
  const std::lock_guard lock(mutex);
  in_flight = 0;
  finished = true;
  finished_changed.notify_all();
}

worker::worker(const settings& settings, std::unique_ptr<exporter> exporter, std::size_t shards)
    : state_(std::make_unique<state>(settings, std::move(exporter), shards)) {}

worker::~worker() { stop(steady::now()); }

trace::sink& worker::intake(std::size_t shard) noexcept { return *state_->intakes[shard]; }

void worker::start() {
  state_->thread = base::start_thread("sidespan-export", [s = state_.get()] { s->run(); });
}

void worker::stop(time_point deadline) {
  state& s = *state_;
  for (auto& one : s.intakes) one->close();
  deadline = std::min(deadline, steady::now() + std::chrono::hours(24));  // max() means that nobody has called stop()
  s.stop_ticks.store(deadline.time_since_epoch().count(), std::memory_order_release);
  s.bell.ring();
  std::unique_lock lock(s.mutex);
  if (!s.thread.joinable()) {
    s.finished = true;
    return;
  }
  s.finished_changed.wait_until(lock, deadline, [&s] { return s.finished; });
  while (!s.finished) {
    // Again and again: the thread may have been just before a start().
    s.out->cancel();
    s.finished_changed.wait_for(lock, milliseconds(20));
  }
  lock.unlock();
  s.thread.join();
}

books worker::read_books() const {
  const state& s = *state_;
  const std::lock_guard lock(s.mutex);
  // What is settled under the lock was pushed before, so `pushed`, read now and once, is never less.
  std::uint64_t pushed = 0;
  std::uint64_t full = 0;
  std::uint64_t late = 0;
  for (const auto& one : s.intakes) {
    pushed += one->spans().pushed();
    full += one->dropped_full();
    late += one->dropped_late();
  }
  books out;
  out.recorded = pushed + full + late;
  out.acknowledged = s.acknowledged;
  out.lost = s.lost;
  if (s.lost_unnamed > 0) out.lost["no_memory"] += s.lost_unnamed;
  std::uint64_t left = pushed - s.acknowledged;
  for (const auto& [reason, count] : out.lost) left -= count;
  out.queued = s.finished ? 0 : left;
  out.in_flight = s.in_flight;
  out.dropped["queue_full"] = full;
  out.dropped["shutdown"] = late + (s.finished ? left : 0);
  return out;
}

}  // namespace sidespan::collect
